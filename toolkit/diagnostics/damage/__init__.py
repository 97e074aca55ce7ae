"""How a photograph was damaged: a network that looks at patches of the original resolution, learnt without any."""
