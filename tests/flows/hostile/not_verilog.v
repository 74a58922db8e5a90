library_path = '/etc'
for name in open(library_path):
    print(name)
