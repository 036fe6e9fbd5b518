"""Calls MLServer as its users do, and prints the bytes that such a call sends.

Runs in MLServer's environment: python -m benchmarks.peers.mlserver_client PORT < claims.json
"""

import base64
import json
import sys

import grpc
from mlserver.codecs import StringCodec
from mlserver.grpc.converters import ModelInferRequestConverter
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.types import InferenceRequest

from benchmarks.peers.model import FIELDS


def main(port: str) -> None:
    """Print JSON: the requests in base64 and the length of an answer."""
    requests = []
    for claim in json.load(sys.stdin):
        inputs = [StringCodec.encode_input(field, [claim[field]]) for field in FIELDS]
        requests.append(ModelInferRequestConverter.from_types(InferenceRequest(inputs=inputs), model_name="assess"))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = GRPCInferenceServiceStub(channel).ModelInfer(requests[0], timeout=10)
    credibility = answer.outputs[0].contents.fp64_contents[0]
    if not 0 < credibility < 1:
        raise SystemExit(f"{credibility} is not a probability")
    bodies = [base64.b64encode(request.SerializeToString()).decode() for request in requests]
    json.dump({"bodies": bodies, "reply_bytes": answer.ByteSize()}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
