"""What runs: language models, transformers and CNNs as lists of matrix products."""
