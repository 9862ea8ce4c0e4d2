#!/bin/sh
# backend_node_tests.sh CONVSCOPE: ONNX's backend node tests. Large, because of ONNX's package: check --all only.
set -eu
if [ -z "${CONVSCOPE_CHECK_ALL:-}" ]; then
  echo "ONNX's tests need large packages: ./check --all runs them"
  exit 77
fi
if ! /usr/bin/python3 -c 'import numpy, onnx' 2>/dev/null; then
  echo "python3-onnx or python3-numpy is not installed"
  exit 77
fi
exec /usr/bin/python3 "$(dirname "$0")/backend_node_tests.py" "$1"
