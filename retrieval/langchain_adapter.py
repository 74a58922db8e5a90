"""The retriever behind LangChain's interface, for use in other people's chains. Imported only where it is used."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever

__all__ = ["LangChainRetriever"]


class LangChainRetriever(BaseRetriever):
    """Adapter: `invoke(text)` gives LangChain documents.

    Attributes:
        retriever: A `tpugen.retrieval.Retriever`.
        k: How many documents to take by rank; dependencies come on top.
    """

    retriever: Any
    k: int = 5

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        return [
            LangChainDocument(
                page_content=hit.document.text,
                id=hit.name,
                metadata={
                    "name": hit.name,
                    "kind": hit.document.kind,
                    "score": hit.score,
                    "why": hit.why.text(),
                    "modules": list(hit.document.modules),
                },
            )
            for hit in self.retriever.search(query, self.k)
        ]
