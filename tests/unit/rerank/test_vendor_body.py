"""Fields of other vendors in a body: refused if they would change the scores."""

import pytest

from bentos.common.errors import InvalidInput
from bentos.rerank.schemas.vendor_body import VendorBody


class Body(VendorBody):
    truncate: bool | None = None


@pytest.mark.parametrize("name", ["activation", "softmax", "use_activation", "truncation"])
def test_one_that_is_switched_off_and_that_the_body_lacks_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Body.model_validate({"truncate": False, name: False})
    assert refused.value.loc == (name,)
    for harmless in (True, None):
        Body.model_validate({name: harmless})
