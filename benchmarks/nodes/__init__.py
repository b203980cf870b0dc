"""vLLM over two containers: does it answer as one container does, and what becomes of a run whose node is lost?"""
