"""Verification: golden models, contract gate, lint, simulation under cocotb, proofs, switching activity, mutants.

Gates take files and a private folder and return findings; nothing here trusts what it checks. Import from the modules:
`contract_gate.check_contract`, `lint.lint`, `simulation.simulate`, `proof.prove`, `activity.activity_from_waveform`,
`golden`.
"""
