"""From texts' tokens to model outputs: tokenizing, admission, lanes, micro-batches, health. No HTTP, no BentoML."""
