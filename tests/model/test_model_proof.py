"""Proofs are read back as they were written."""

from __future__ import annotations

import json

from patchopt.model.plan import Certificate
from patchopt.model.proof import Claim, Proof


def test_a_certificate_is_read_back_with_its_proof() -> None:
    proof = Proof(
        kind="lagrange",
        cells=((0, 60), (90, 120)),
        prices={"crew": ((0, 5), (1, 2))},
        claims=(Claim(kind="head", group="web-1", value_s=90),),
    )
    certificate = Certificate(
        status="feasible",
        objective=10,
        bound=9,
        gap=0.1,
        wall_time_s=None,
        seed=0,
        parameters={},
        proof=proof,
    )
    written = json.loads(json.dumps(certificate.model_dump(mode="json")))
    assert Certificate.model_validate(written) == certificate
