"""What findings say."""

from __future__ import annotations

import pytest

from azext_pythonapp.operations.app.findings import DEPLOYMENT_DELETES, starts_no_python
from tests.unit.operations.shop import shop_site


@pytest.mark.parametrize(
    "has_web_config, changed_before, told", [(False, True, True), (False, False, False), (True, True, False)]
)
def test_a_deployment_that_may_have_deleted_web_config(has_web_config, changed_before, told):
    assert (DEPLOYMENT_DELETES in str(starts_no_python(shop_site(), has_web_config, changed_before))) is told
