"""The prompts, as files: rendered by `tpugen.writers.prompting`."""
