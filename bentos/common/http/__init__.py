"""HTTP: routes, bodies, errors and probes that both services share."""
