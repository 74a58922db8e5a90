"""Writers produce RTL for a spec: the composer from the library alone, or a chat model over what retrieval finds."""
