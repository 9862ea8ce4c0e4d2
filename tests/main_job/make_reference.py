#!/usr/bin/python3
"""Writes main_job.json: what PyTorch computes in the main job, at chosen cells.

Usage: make_reference.py FOLDER OUTPUT, where FOLDER holds what make_picture left there. Needs python3-torch; the test
that reads the file does not.
"""

import json
import sys

import numpy
import torch
import torch.nn.functional as F

folder, output = sys.argv[1], sys.argv[2]
sobel_x = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
# One output channel takes its share of each of the three colours.
weight = torch.stack([sobel_x / 3] * 3)[None]
cases = {}
for name in ("picture.png", "picture.jpg"):
    x = torch.from_numpy(numpy.load(f"{folder}/{name}.npy"))
    y = F.conv2d(x, weight, stride=2, padding=1)
    # Inputs are level/255, so that their sum as a whole number of 255ths tells whether the same picture was read.
    cases[name] = {
        "input_levels": int(torch.round(x.double() * 255).sum().item()),
        "output_size": list(y.shape),
        "cells": [
            [row, column, float(y[0, 0, row, column])]
            for row in range(0, y.shape[2], 7)
            for column in range(0, y.shape[3], 5)
        ],
    }
with open(output, "w") as file:
    json.dump(cases, file, indent=0, separators=(",", ":"))
    file.write("\n")
