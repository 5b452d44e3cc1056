"""From dag-factory's YAML to ours: what can be rewritten is, and for the rest it is known what to write instead."""
