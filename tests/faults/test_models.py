"""Models that are swapped under load, and models that are bad: F35, F36, A28 to A30."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from reputable.v1 import models_pb2
from tests.faults import models
from tests.faults.messages import assess_request, check, failure_of
from tests.faults.running import Service, children


def activate(service: Service, version: str) -> models_pb2.ActivateModelResponse:
    """Have another model score."""
    return service.models.ActivateModel(models_pb2.ActivateModelRequest(version=version), timeout=5)


@pytest.mark.parametrize("variant", ["", "torn_reload"])
def test_f35_a_score_and_its_models_version_always_belong_together(tmp_path: Path, variant: str) -> None:
    """The naive variant names the model that scores by the time the answer is written."""
    folder = tmp_path / "models"
    models.shift(folder, "one", 0.0)
    models.shift(folder, "two", 1.0)
    environ = {"REPUTABLE_MODELS_DIR": str(folder), "REPUTABLE_LOCAL_CACHE_SIZE": "0"}
    environ |= {"REPUTABLE_TEST_VARIANT": variant} if variant else {}
    with Service(tmp_path, environ=environ) as service:
        right = {}
        for version in ("one", "two"):
            activate(service, version)
            right[version] = [credibility(service, number)[0] for number in range(20)]
        stop, torn, count = threading.Event(), 0, 0

        def reload() -> None:
            for cycle in range(100):
                activate(service, ("one", "two")[cycle % 2])
            stop.set()

        def read(offset: int) -> tuple[int, int]:
            wrong = done = 0
            while not stop.is_set():
                number = (offset + done) % 20
                score, version = credibility(service, number)
                wrong += score != right[version][number]
                done += 1
            return wrong, done

        with ThreadPoolExecutor(5) as threads:
            readers = [threads.submit(read, offset) for offset in range(4)]
            threads.submit(reload).result()
            for reader in readers:
                wrong, done = reader.result()
                torn, count = torn + wrong, count + done
    print(f"{variant or 'ours'}: {torn} of {count} reads torn over 100 reloads")
    assert (torn > 0) == bool(variant)


def credibility(service: Service, number: int) -> tuple[float, str]:
    """A claim's score and the version that it names."""
    answer = check(service.credibility.AssessClaim(assess_request(number), timeout=5).assessment)
    return answer.credibility, answer.model_version


@pytest.mark.parametrize(
    "make",
    [models.truncated, models.altered, models.without_numbers, models.of_other_features, models.misnamed,
     models.beyond_reach, models.endless],
    ids=lambda make: make.__name__,
)  # fmt: skip
def test_f36_a28_a29_a30_a_bad_model_is_refused_and_the_old_one_stays(
    shelf: Service, make: Callable[[Path], Path]
) -> None:
    before = credibility(shelf, 1)
    version = make(Path(shelf.environ["REPUTABLE_MODELS_DIR"])).name
    with pytest.raises(grpc.RpcError) as caught:
        activate(shelf, version)
    assert failure_of(caught.value).code is grpc.StatusCode.FAILED_PRECONDITION
    assert failure_of(caught.value).message.count(".") <= 6
    assert credibility(shelf, 1) == before
    assert shelf.rss_mib() < 300


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a folder of models of its own."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "models").mkdir()
    service = Service(folder, environ={"REPUTABLE_MODELS_DIR": str(folder / "models")})
    with children(service):
        yield service.start()


@pytest.mark.parametrize("version", ["../../etc", "/etc/passwd", "a/b", "..", "A" * 65, "%2e%2e", "one\0"])
def test_a28_a_model_is_a_name_and_never_a_path(shelf: Service, version: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        activate(shelf, version)
    assert failure_of(caught.value).code is grpc.StatusCode.INVALID_ARGUMENT
