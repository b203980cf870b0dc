"""The engine's own metrics: uniform names for every server, read before, beside and after a phase."""

import http.server
import threading
import time

import pytest

from suite.measure.enginepage import EnginePage, uniform

VLLM = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 2.0
vllm:num_requests_waiting{engine="0",model_name="m"} 1.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.5
vllm:prefix_cache_queries_total{engine="0",model_name="m"} 400.0
vllm:prefix_cache_hits_total{engine="0",model_name="m"} 64.0
vllm:num_preemptions_total{engine="0",model_name="m"} 0.0
vllm:spec_decode_num_draft_tokens_total{engine="0"} 90.0
vllm:spec_decode_num_accepted_tokens_total{engine="0"} 60.0
vllm:prompt_tokens_total{engine="0",model_name="m"} 400.0
vllm:prompt_tokens_created{engine="0",model_name="m"} 1.7e+09
vllm:generation_tokens_total{engine="0",model_name="m"} 1.234e+03
vllm:request_success_total{engine="0",finished_reason="stop",model_name="m"} 4.0
vllm:request_success_total{engine="0",finished_reason="length",model_name="m"} 2.0
vllm:request_success_total{engine="0",finished_reason="abort",model_name="m"} 0.0
"""
SGLANG = """sglang:num_running_reqs{model_name="m"} 5.0
sglang:num_queue_reqs{model_name="m"} 0.0
sglang:token_usage{model_name="m"} 0.28
sglang:prompt_tokens_total{model_name="m"} 128.0
sglang:cached_tokens_total{model_name="m"} 64.0
sglang:generation_tokens_total{model_name="m"} 70.0
sglang:num_requests_total{model_name="m"} 8.0
"""
TGI = """tgi_batch_current_size 4
tgi_queue_size 2
tgi_request_success{method="prefill"} 9
tgi_request_input_length_sum 900
tgi_request_generated_tokens_sum 80
tgi_request_generated_tokens_bucket{le="10"} 9
"""
TRITON = """nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="context",version="1"} 1
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="max",version="1"} 512
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="active",version="1"} 7
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm",version="1"} 0.4875
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="tensorrt_llm",version="1"} 62
nv_inference_pending_request_count{model="ensemble",version="1"} 3
"""


@pytest.mark.parametrize(
    ("page", "members"),
    [
        (
            VLLM,
            {
                "running": 5, "waiting": 1, "kv_use": 0.5, "cache_queries": 400, "cache_hits": 64,
                "preemptions": 0, "drafted": 90, "accepted": 60, "prompt_tokens": 400,
                "generated_tokens": 1234, "finished": 6,
            },
        ),
        (
            SGLANG,
            {
                "running": 5, "waiting": 0, "kv_use": 0.28, "prompt_tokens": 128,
                "cache_queries": 128, "cache_hits": 64, "generated_tokens": 70, "finished": 8,
            },
        ),
        (
            TGI,
            {
                "running": 4, "waiting": 2, "finished": 9, "prompt_tokens": 900,
                "generated_tokens": 80,
            },
        ),
        (TRITON, {"running": 7, "kv_use": 0.4875, "waiting": 3}),
        ("<html>not found</html>", {}),
        ("vllm:num_requests_running NaN\nvllm:kv_cache_usage_perc 7\n", {}),
    ],
)  # fmt: skip
def test_servers_have_one_language(page, members):
    assert uniform(page) == members


@pytest.fixture
def server():
    state = {"status": 200, "page": VLLM, "asked": []}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            state["asked"].append((self.path, self.headers.get("Authorization")))
            self.send_response(state["status"])
            self.end_headers()
            self.wfile.write(state["page"].encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        state["url"] = f"http://127.0.0.1:{httpd.server_address[1]}"
        yield state
        httpd.shutdown()


def test_a_page_is_read_before_and_after_a_phase(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    zero = time.monotonic_ns()
    with EnginePage(server["url"], {"Authorization": "Bearer x"}, "offline/1", zero) as page:
        server["page"] = VLLM.replace(" 1.234e+03", " 1300")
    first, last = page.samples()
    assert (first.generated_tokens, last.generated_tokens) == (1234, 1300)
    assert first.phase == "offline/1"
    assert 0 <= first.t < last.t
    assert set(server["asked"]) == {("/metrics", "Bearer x")}


def test_a_server_without_a_page_is_asked_once(server):
    server["status"] = 404
    with EnginePage(server["url"], {}, "p/0", 0) as page:
        pass
    assert page.samples() == []
    assert len(server["asked"]) == 1
    with EnginePage("", {}, "p/0", 0) as none:
        pass
    assert none.samples() == []
