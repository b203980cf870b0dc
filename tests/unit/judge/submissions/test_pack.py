import io
import tarfile

import pytest
import zstandard

from suite.base.errors import EvidenceError
from suite.judge.submissions import pack


@pytest.mark.parametrize("size", [(4 << 30) + 1, 8 << 30, 1 << 40])
def test_a_member_that_claims_more_than_is_read_is_refused_by_its_header(tmp_path, size):
    member = tarfile.TarInfo("basis.json")
    member.size = size
    written = zstandard.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))
    with pytest.raises(EvidenceError) as refused:
        pack.unpack(io.BytesIO(written), tmp_path)
    assert refused.value.code == "pack-too-large"
    assert list(tmp_path.iterdir()) == []
