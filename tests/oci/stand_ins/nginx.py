#!/usr/bin/env python3
"""Start of the official nginx image, for Debian's nginx: fills in the templates, then becomes nginx.

Debian's nginx is older than `resolve` of an upstream's server: names are looked up once, at the start.
"""

import os
import re
import sys
from pathlib import Path

resolvers = re.findall(r"^nameserver (\S+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)
variables = {**os.environ, "NGINX_LOCAL_RESOLVERS": " ".join(resolvers)}
for template in Path("/etc/nginx/templates").rglob("*.template"):
    text = re.sub(r"\$\{([A-Z_]+)\}", lambda match: variables[match[1]], template.read_text())
    (Path("/etc/nginx/conf.d") / template.stem).write_text(text.replace(" resolve;", ";"))
os.execvp(sys.argv[1], sys.argv[1:])
