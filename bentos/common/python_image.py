"""What both container images are built on."""

from bentoml.images import Image

# "none" leaves out the compilers that BentoML installs otherwise: every locked package has a wheel.
PYTHON_IMAGE = Image(base_image="docker.io/library/python:3.11-slim-bookworm", distro="none", python_version="3.11")
