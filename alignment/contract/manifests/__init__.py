"""The manifests of base models and rounds, as typed records: a base model, a stage, a checkpoint, a reward model, the decision of the gate.

Each record has `from_record` and `record`, to and from JSON, and is read and written nowhere else. Missing fields get defaults,
so manifests of earlier versions can be read. Imports no torch.
"""
