"""What runs: language models, transformers and CNNs as lists of matrix products."""

from __future__ import annotations

from tpugen.model.workloads.config_json import language_model_from_config
from tpugen.model.workloads.decoder import decoder_table, mesh
from tpugen.model.workloads.language_model import LanguageModel, published_variant
from tpugen.model.workloads.named_models import find_language_model, language_model_names
from tpugen.model.workloads.network_layers import Convolution, Dense, Network, network_table
from tpugen.model.workloads.networks import find_network, network_names
from tpugen.model.workloads.operators import Operator, OperatorTable
from tpugen.model.workloads.topology import read_topology
from tpugen.model.workloads.widths import OperatorWidths, Widths

__all__ = [
    "Convolution",
    "Dense",
    "LanguageModel",
    "Network",
    "Operator",
    "OperatorTable",
    "OperatorWidths",
    "Widths",
    "decoder_table",
    "find_language_model",
    "find_network",
    "language_model_from_config",
    "language_model_names",
    "mesh",
    "network_names",
    "network_table",
    "published_variant",
    "read_topology",
]
