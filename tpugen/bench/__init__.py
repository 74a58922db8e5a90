"""The benchmark: problems, goldens that know nothing of the library, pass@k, and what becomes of retrieval."""
