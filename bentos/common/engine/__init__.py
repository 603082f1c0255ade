"""From texts' tokens to model outputs: tokenising, admission, lanes, micro-batches, health. No HTTP, no BentoML."""
