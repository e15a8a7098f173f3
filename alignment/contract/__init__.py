"""What the service and the trainer agree on: methods and their settings, what a round needs, the split, snapshots, manifests.

Free of torch and transformers. The service and the workers import it anywhere; it imports only `reward_model.config` and
`reward_model.rankings`, which are as light.
"""
