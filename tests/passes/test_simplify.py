"""Every rule of `simplify`: where it holds, where it must not, and what becomes of values used elsewhere."""

from __future__ import annotations

import pytest

from nnc.ir import parse_graph
from nnc.passes import DeadCode, Simplify, run_passes
from nnc.passes.simplify import RULES
from tests.passes.helpers import check_rewrite, graph_text

SIMPLIFY = [Simplify(), DeadCode()]
MATCHING = {
    "zeros around what a convolution sees": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%1 = scatter(%0, shape=[batch, 6, 1], starts=[0, 1, 0], stops=[-1, 4, -1], steps=[1, 1, 1]) : f64[batch,6,1]\n"
        "%2 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%3 = convolution(%1, %2, strides=[2], dilation=[1], before=[0], after=[1], groups=1) : f64[batch,3,1]\n"
        "return z=%3",
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n%1 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%2 = convolution(%0, %1, strides=[2], dilation=[1], before=[1], after=[3], groups=1) : f64[batch,3,1]\n"
        "return z=%2",
    ),
    "zeros around what the gradient of a kernel sees": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%1 = scatter(%0, shape=[batch, 4, 1], starts=[0, 0, 0], stops=[-1, 3, -1], steps=[1, 1, 1]) : f64[batch,4,1]\n"
        "%2 = reshape(%y, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%3 = convolution_kernel_gradient(%1, %2, strides=[1], dilation=[1], before=[0], after=[0], groups=1, "
        "window=[2]) : f64[2,1,1]\nreturn z=%3",
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%1 = reshape(%y, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%2 = convolution_kernel_gradient(%0, %1, strides=[1], dilation=[1], before=[0], after=[1], groups=1, "
        "window=[2]) : f64[2,1,1]\nreturn z=%2",
    ),
    "gradient of what a window sees that moves by ones": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n%1 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%2 = convolution_input_gradient(%0, %1, strides=[1], dilation=[1], before=[0], after=[2], "
        "groups=1, shape=[3]) : f64[batch,3,1]\nreturn z=%2",
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n%1 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%2 = flip(%1, axes=[0]) : f64[3,1,1]\n%3 = transpose(%2, axes=[0, 2, 1]) : f64[3,1,1]\n"
        "%4 = copy(%3) : f64[3,1,1]\n"
        "%5 = convolution(%0, %4, strides=[1], dilation=[1], before=[2], after=[0], groups=1) : f64[batch,3,1]\n"
        "return z=%5",
    ),
    "sum of parts": (
        "%0 = slice(%x, starts=[0, 0], stops=[-1, 1], steps=[1, 1]) : f64[batch,1]\n"
        "%1 = slice(%y, starts=[0, 1], stops=[-1, 3], steps=[1, 1]) : f64[batch,2]\n"
        "%2 = scatter(%0, shape=[batch, 3], starts=[0, 2], stops=[-1, 3], steps=[1, 1]) : f64[batch,3]\n"
        "%3 = scatter(%1, shape=[batch, 3], starts=[0, 0], stops=[-1, 2], steps=[1, 1]) : f64[batch,3]\n"
        "%4 = add(%2, %3) : f64[batch,3]\nreturn z=%4",
        "%0 = slice(%x, starts=[0, 0], stops=[-1, 1], steps=[1, 1]) : f64[batch,1]\n"
        "%1 = slice(%y, starts=[0, 1], stops=[-1, 3], steps=[1, 1]) : f64[batch,2]\n"
        "%2 = concatenate(%1, %0, axis=1) : f64[batch,3]\nreturn z=%2",
    ),
    "no elements": (
        "%0 = slice(%x, starts=[0, 1], stops=[-1, 1], steps=[1, 1]) : f64[batch,0]\n%1 = exp(%0) : f64[batch,0]\n"
        "return z=%1",
        "%0 = broadcast_to(f64(0.0), shape=[batch, 0]) : f64[batch,0]\nreturn z=%0",
    ),
    "a sum of no elements": (
        "%0 = slice(%x, starts=[0, 1], stops=[-1, 1], steps=[1, 1]) : f64[batch,0]\n"
        "%1 = sum(%0, axes=[1]) : f64[batch]\nreturn z=%1",
        "%0 = broadcast_to(f64(0.0), shape=[batch]) : f64[batch]\nreturn z=%0",
    ),
    "a product over no elements": (
        "%0 = slice(%x, starts=[0, 1], stops=[-1, 1], steps=[1, 1]) : f64[batch,0]\n"
        "%1 = slice(%b, starts=[0], stops=[0], steps=[1]) : f64[0]\n%2 = reshape(%1, shape=[0, 1]) : f64[0,1]\n"
        "%3 = matmul(%0, %2) : f64[batch,1]\nreturn z=%3",
        "%0 = broadcast_to(f64(0.0), shape=[batch, 1]) : f64[batch,1]\nreturn z=%0",
    ),
    "no elements among those joined": (
        "%0 = slice(%x, starts=[0, 1], stops=[-1, 1], steps=[1, 1]) : f64[batch,0]\n"
        "%1 = concatenate(%0, %x, %0, %y, axis=1) : f64[batch,6]\nreturn z=%1",
        "%0 = concatenate(%x, %y, axis=1) : f64[batch,6]\nreturn z=%0",
    ),
    "joined with nothing": (
        "%0 = slice(%x, starts=[0, 1], stops=[-1, 1], steps=[1, 1]) : f64[batch,0]\n"
        "%1 = concatenate(%x, %0, axis=1) : f64[batch,3]\nreturn z=%1",
        "return z=%x",
    ),
    "add 0": (
        "%0 = add(%x, f64(0.0)) : f64[batch,3]\nreturn z=%0",
        "return z=%x",
    ),
    "0 + x": (
        "%0 = add(f64(0.0), %x) : f64[batch,3]\nreturn z=%0",
        "return z=%x",
    ),
    "add zeros": (
        "%0 = add(%x, f64[3](0.0, 0.0, 0.0)) : f64[batch,3]\nreturn z=%0",
        "return z=%x",
    ),
    "subtract 0": (
        "%0 = subtract(%x, f64(0.0)) : f64[batch,3]\nreturn z=%0",
        "return z=%x",
    ),
    "multiply by 1": (
        "%0 = multiply(f64(1.0), %x) : f64[batch,3]\n%1 = exp(%0) : f64[batch,3]\nreturn z=%1",
        "%0 = exp(%x) : f64[batch,3]\nreturn z=%0",
    ),
    "divide by 1": (
        "%0 = divide(%x, f64(1.0)) : f64[batch,3]\nreturn z=%0",
        "return z=%x",
    ),
    "negative twice": (
        "%0 = negative(%x) : f64[batch,3]\n%1 = negative(%0) : f64[batch,3]\nreturn z=%1",
        "return z=%x",
    ),
    "add a negative": (
        "%0 = negative(%b) : f64[3]\n%1 = add(%x, %0) : f64[batch,3]\nreturn z=%1",
        "%0 = subtract(%x, %b) : f64[batch,3]\nreturn z=%0",
    ),
    "add to a negative": (
        "%0 = negative(%x) : f64[batch,3]\n%1 = add(%0, %y) : f64[batch,3]\nreturn z=%1",
        "%0 = subtract(%y, %x) : f64[batch,3]\nreturn z=%0",
    ),
    "subtract a negative": (
        "%0 = negative(%y) : f64[batch,3]\n%1 = subtract(%x, %0) : f64[batch,3]\nreturn z=%1",
        "%0 = add(%x, %y) : f64[batch,3]\nreturn z=%0",
    ),
    "a negative used twice": (
        "%0 = negative(%y) : f64[batch,3]\n%1 = add(%x, %0) : f64[batch,3]\nreturn z=%1, n=%0",
        "%0 = negative(%y) : f64[batch,3]\n%1 = subtract(%x, %y) : f64[batch,3]\nreturn z=%1, n=%0",
    ),
    "repeated operand": (
        "%0 = broadcast_to(%b, shape=[batch, 3]) : f64[batch,3]\n%1 = add(%x, %0) : f64[batch,3]\nreturn z=%1",
        "%0 = add(%x, %b) : f64[batch,3]\nreturn z=%0",
    ),
    "reshaped and repeated operand": (
        "%0 = reshape(%b, shape=[1, 3]) : f64[1,3]\n%1 = broadcast_to(%0, shape=[batch, 3]) : f64[batch,3]\n"
        "%2 = greater(%1, %x) : bool[batch,3]\nreturn z=%2",
        "%0 = greater(%b, %x) : bool[batch,3]\nreturn z=%0",
    ),
    "a repeated operand used twice": (
        "%0 = broadcast_to(%b, shape=[batch, 3]) : f64[batch,3]\n%1 = add(%x, %0) : f64[batch,3]\nreturn z=%1, r=%0",
        "%0 = broadcast_to(%b, shape=[batch, 3]) : f64[batch,3]\n%1 = add(%x, %b) : f64[batch,3]\nreturn z=%1, r=%0",
    ),
    "reshape of a reshape": (
        "%0 = reshape(%x, shape=[3*batch]) : f64[3*batch]\n%1 = reshape(%0, shape=[3, batch]) : f64[3,batch]\n"
        "return z=%1",
        "%0 = reshape(%x, shape=[3, batch]) : f64[3,batch]\nreturn z=%0",
    ),
    "reshape there and back": (
        "%0 = reshape(%x, shape=[3*batch]) : f64[3*batch]\n%1 = reshape(%0, shape=[batch, 3]) : f64[batch,3]\n"
        "return z=%1",
        "return z=%x",
    ),
    "reshape to the same": (
        "%0 = reshape(%x, shape=[batch, 3]) : f64[batch,3]\nreturn z=%0",
        "return z=%x",
    ),
    "transpose twice": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = transpose(%0, axes=[1, 0]) : f64[batch,3]\nreturn z=%1",
        "return z=%x",
    ),
    "transposes that make another": (
        "%0 = reshape(%x, shape=[batch, 1, 3]) : f64[batch,1,3]\n"
        "%1 = transpose(%0, axes=[1, 2, 0]) : f64[1,3,batch]\n"
        "%2 = transpose(%1, axes=[0, 2, 1]) : f64[1,batch,3]\nreturn z=%2",
        "%0 = reshape(%x, shape=[batch, 1, 3]) : f64[batch,1,3]\n"
        "%1 = transpose(%0, axes=[1, 0, 2]) : f64[1,batch,3]\nreturn z=%1",
    ),
    "function of a transpose, transposed": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = exp(%0) : f64[3,batch]\n"
        "%2 = transpose(%1, axes=[1, 0]) : f64[batch,3]\nreturn z=%2",
        "%0 = exp(%x) : f64[batch,3]\nreturn z=%0",
    ),
    "sum of two transposes and a number": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = transpose(%y, axes=[1, 0]) : f64[3,batch]\n"
        "%2 = multiply(%0, f64(3.0)) : f64[3,batch]\n%3 = add(%1, %2) : f64[3,batch]\nreturn z=%3",
        "%0 = multiply(%x, f64(3.0)) : f64[batch,3]\n%1 = add(%y, %0) : f64[batch,3]\n"
        "%2 = transpose(%1, axes=[1, 0]) : f64[3,batch]\nreturn z=%2",
    ),
    "sum over a transpose": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = sum(%0, axes=[0]) : f64[batch]\nreturn z=%1",
        "%0 = sum(%x, axes=[1]) : f64[batch]\nreturn z=%0",
    ),
    "maximum over a transpose that keeps its axes": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = max(%0, axes=[0], keepdims=true) : f64[1,batch]\n"
        "return z=%1",
        "%0 = max(%x, axes=[1], keepdims=true) : f64[batch,1]\n%1 = transpose(%0, axes=[1, 0]) : f64[1,batch]\n"
        "return z=%1",
    ),
    "pooling of a transpose": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n"
        '%1 = max_pool(%0, window=[2, 1], strides=[1, 1], padding="valid") : f64[2,batch]\nreturn z=%1',
        '%0 = max_pool(%x, window=[1, 2], strides=[1, 1], padding="valid") : f64[batch,2]\n'
        "%1 = transpose(%0, axes=[1, 0]) : f64[2,batch]\nreturn z=%1",
    ),
    "part of transposes side by side": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = transpose(%y, axes=[1, 0]) : f64[3,batch]\n"
        "%2 = concatenate(%0, %1, axis=0) : f64[6,batch]\n"
        "%3 = slice(%2, starts=[1, 0], stops=[5, -1], steps=[1, 1]) : f64[4,batch]\nreturn z=%3",
        "%0 = concatenate(%x, %y, axis=1) : f64[batch,6]\n"
        "%1 = slice(%0, starts=[0, 1], stops=[-1, 5], steps=[1, 1]) : f64[batch,4]\n"
        "%2 = transpose(%1, axes=[1, 0]) : f64[4,batch]\nreturn z=%2",
    ),
    "a row beside a transpose": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = sum(%x, axes=[1], keepdims=false) : f64[batch]\n"
        "%2 = reshape(%1, shape=[1, batch]) : f64[1,batch]\n"
        "%3 = concatenate(%2, %0, axis=0) : f64[4,batch]\nreturn z=%3",
        "%0 = sum(%x, axes=[1]) : f64[batch]\n%1 = reshape(%0, shape=[batch, 1]) : f64[batch,1]\n"
        "%2 = concatenate(%1, %x, axis=1) : f64[batch,4]\n%3 = transpose(%2, axes=[1, 0]) : f64[4,batch]\n"
        "return z=%3",
    ),
    "product of a transpose and a number per row": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = reshape(%b, shape=[3, 1]) : f64[3,1]\n"
        "%2 = multiply(%0, %1) : f64[3,batch]\n%3 = transpose(%2, axes=[1, 0]) : f64[batch,3]\nreturn z=%3",
        "%0 = multiply(%x, %b) : f64[batch,3]\nreturn z=%0",
    ),
    "a number repeated, reshaped, repeated": (
        "%0 = sum(%b, axes=[0]) : f64[]\n%1 = broadcast_to(%0, shape=[2]) : f64[2]\n"
        "%2 = reshape(%1, shape=[2, 1]) : f64[2,1]\n%3 = broadcast_to(%2, shape=[2, 3]) : f64[2,3]\nreturn z=%3",
        "%0 = sum(%b, axes=[0]) : f64[]\n%1 = broadcast_to(%0, shape=[2, 3]) : f64[2,3]\nreturn z=%1",
    ),
    "reshape before a pack": (
        "%0 = reshape(%b, shape=[3, 1]) : f64[3,1]\n%1 = pack(%0, %b) : f64[6]\nreturn z=%1",
        "%0 = pack(%b, %b) : f64[6]\nreturn z=%0",
    ),
    "cast of a comparison": (
        '%0 = greater(%x, %b) : bool[batch,3]\n%1 = cast(%0, dtype="float64") : f64[batch,3]\nreturn z=%1',
        '%0 = greater(%x, %b, dtype="float64") : f64[batch,3]\nreturn z=%0',
    ),
    "a comparison cast and used as it is": (
        '%0 = less(%x, %b) : bool[batch,3]\n%1 = cast(%0, dtype="float32") : f32[batch,3]\nreturn z=%1, c=%0',
        '%0 = less(%x, %b) : bool[batch,3]\n%1 = less(%x, %b, dtype="float32") : f32[batch,3]\nreturn z=%1, c=%0',
    ),
    "cast to the same": (
        '%0 = cast(%x, dtype="float64") : f64[batch,3]\nreturn z=%0',
        "return z=%x",
    ),
    "divide by a power of two": (
        "%0 = divide(%x, f64(-4.0)) : f64[batch,3]\nreturn z=%0",
        "%0 = multiply(%x, f64(-0.25)) : f64[batch,3]\nreturn z=%0",
    ),
    "sum over an axis of length 1": (
        "%0 = reshape(%x, shape=[batch, 1, 3]) : f64[batch,1,3]\n%1 = sum(%0, axes=[1]) : f64[batch,3]\nreturn z=%1",
        "return z=%x",
    ),
    "maximum over an axis of length 1 and another": (
        "%0 = reshape(%x, shape=[batch, 1, 3]) : f64[batch,1,3]\n"
        "%1 = max(%0, axes=[1, 2], keepdims=true) : f64[batch,1,1]\nreturn z=%1",
        "%0 = reshape(%x, shape=[batch, 1, 3]) : f64[batch,1,3]\n"
        "%1 = max(%0, axes=[2], keepdims=true) : f64[batch,1,1]\nreturn z=%1",
    ),
    "sum over nothing": (
        "%0 = sum(%x, axes=[]) : f64[batch,3]\nreturn z=%0",
        "return z=%x",
    ),
    "divided and multiplied by a size": (
        '%0 = size(shape=[batch], dtype="float64") : f64[]\n%1 = divide(%x, %0) : f64[batch,3]\n'
        "%2 = multiply(%0, %1) : f64[batch,3]\nreturn z=%2",
        "return z=%x",
    ),
}
STAYS = {
    "gradient of what a window sees that moves by twos": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n%1 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%2 = convolution_input_gradient(%0, %1, strides=[2], dilation=[1], before=[1], after=[1], "
        "groups=1, shape=[5]) : f64[batch,5,1]\nreturn z=%2"
    ),
    "gradient of much more than there are places": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n%1 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%2 = convolution_input_gradient(%0, %1, strides=[1], dilation=[1], before=[0], after=[0], "
        "groups=1, shape=[5]) : f64[batch,5,1]\nreturn z=%2"
    ),
    "gradient of less than there are filters": (
        "%0 = reshape(%x, shape=[batch, 1, 3]) : f64[batch,1,3]\n%1 = reshape(%b, shape=[1, 1, 3]) : f64[1,1,3]\n"
        "%2 = broadcast_to(%1, shape=[3, 1, 3]) : f64[3,1,3]\n"
        "%3 = convolution_input_gradient(%0, %2, strides=[1], dilation=[1], before=[1], after=[1], "
        "groups=1, shape=[1]) : f64[batch,1,1]\nreturn z=%3"
    ),
    "gradient of zeros that no window reaches past": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n%1 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%2 = convolution_input_gradient(%0, %1, strides=[1], dilation=[1], before=[3], after=[0], "
        "groups=1, shape=[2]) : f64[batch,2,1]\nreturn z=%2"
    ),
    "zeros around what a window of one element sees": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%1 = scatter(%0, shape=[batch, 5, 1], starts=[0, 1, 0], stops=[-1, 4, -1], steps=[1, 1, 1]) : f64[batch,5,1]\n"
        "%2 = reshape(%b, shape=[1, 1, 3]) : f64[1,1,3]\n"
        "%3 = convolution(%1, %2, strides=[1], dilation=[1], before=[0], after=[0], groups=1) : f64[batch,5,3]\n"
        "return z=%3"
    ),
    "zeros between what a convolution sees": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%1 = scatter(%0, shape=[batch, 5, 1], starts=[0, 0, 0], stops=[-1, 5, -1], steps=[1, 2, 1]) : f64[batch,5,1]\n"
        "%2 = reshape(%b, shape=[3, 1, 1]) : f64[3,1,1]\n"
        "%3 = convolution(%1, %2, strides=[1], dilation=[1], before=[0], after=[0], groups=1) : f64[batch,3,1]\n"
        "return z=%3"
    ),
    "channels of zeros": (
        "%0 = reshape(%x, shape=[batch, 3, 1]) : f64[batch,3,1]\n"
        "%1 = scatter(%0, shape=[batch, 3, 3], starts=[0, 0, 1], stops=[-1, -1, 2], steps=[1, 1, 1]) : f64[batch,3,3]\n"
        "%2 = reshape(%b, shape=[1, 3, 1]) : f64[1,3,1]\n"
        "%3 = convolution(%1, %2, strides=[1], dilation=[1], before=[0], after=[0], groups=1) : f64[batch,3,1]\n"
        "return z=%3"
    ),
    "add another number": "%0 = add(%x, f64(0.5)) : f64[batch,3]\nreturn z=%0",
    "add some zeros": "%0 = add(%x, f64[3](0.0, 0.0, 1.0)) : f64[batch,3]\nreturn z=%0",
    "0 - x": "%0 = subtract(f64(0.0), %x) : f64[batch,3]\nreturn z=%0",
    "1 / x": "%0 = exp(%x) : f64[batch,3]\n%1 = divide(f64(1.0), %0) : f64[batch,3]\nreturn z=%1",
    "zeros that broadcast": "%0 = add(%b, f64[1,1](0.0)) : f64[1,3]\nreturn z=%0",
    "ones that broadcast": "%0 = divide(%b, f64[1,1](1.0)) : f64[1,3]\nreturn z=%0",
    "two that broadcasts": "%0 = divide(%b, f64[1,1](2.0)) : f64[1,3]\nreturn z=%0",
    "negative minus": "%0 = negative(%x) : f64[batch,3]\n%1 = subtract(%0, %y) : f64[batch,3]\nreturn z=%1",
    "both operands repeated": (
        "%0 = broadcast_to(%b, shape=[batch, 3]) : f64[batch,3]\n%1 = multiply(%0, %0) : f64[batch,3]\nreturn z=%1"
    ),
    "reshape of a transpose": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = reshape(%0, shape=[batch, 3]) : f64[batch,3]\nreturn z=%1"
    ),
    "sum of a transpose and something else": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n%1 = reshape(%y, shape=[3, batch]) : f64[3,batch]\n"
        "%2 = add(%0, %1) : f64[3,batch]\nreturn z=%2"
    ),
    "pooling whose windows change their order": (
        "%0 = transpose(%x, axes=[1, 0]) : f64[3,batch]\n"
        '%1 = max_pool(%0, window=[2, 2], strides=[1, 1], padding="same") : f64[3,batch]\nreturn z=%1'
    ),
    "a vector repeated twice": (
        "%0 = broadcast_to(%b, shape=[2, 3]) : f64[2,3]\n%1 = broadcast_to(%0, shape=[4, 2, 3]) : f64[4,2,3]\n"
        "return z=%1"
    ),
    "cast of numbers": '%0 = cast(%x, dtype="float32") : f32[batch,3]\nreturn z=%0',
    "divide by 3": "%0 = divide(%x, f64(3.0)) : f64[batch,3]\nreturn z=%0",
    "divide by 0": "%0 = divide(%b, f64(0.0)) : f64[3]\n%1 = less(%0, %b) : bool[3]\nreturn z=%1",
    "divide by infinity": "%0 = divide(%x, f64(inf)) : f64[batch,3]\nreturn z=%0",
    "divide by a huge power of two": "%0 = divide(%x, f64(1.2676506002282294e+30)) : f64[batch,3]\nreturn z=%0",
    "sum over wide axes": "%0 = sum(%x, axes=[0, 1]) : f64[]\nreturn z=%0",
    "divided by one size, multiplied by another": (
        '%0 = size(shape=[batch], dtype="float64") : f64[]\n%1 = divide(%x, %0) : f64[batch,3]\n'
        '%2 = size(shape=[3*batch], dtype="float64") : f64[]\n%3 = multiply(%1, %2) : f64[batch,3]\nreturn z=%3'
    ),
    "divided and multiplied by a value": (
        "%0 = exp(%b) : f64[3]\n%1 = divide(%x, %0) : f64[batch,3]\n%2 = multiply(%1, %0) : f64[batch,3]\nreturn z=%2"
    ),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", MATCHING)
def test_rule_applies(name):
    before, after = MATCHING[name]
    result = check_rewrite(graph_text(before), SIMPLIFY, graph_text(after))
    assert str(run_passes(result, SIMPLIFY)) == str(result)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("name", STAYS)
def test_graph_stays(name):
    check_rewrite(graph_text(STAYS[name]), SIMPLIFY)


def test_every_rule_has_a_case():
    """Without a rule, some case above gives another graph."""
    for rule, _ in RULES:
        others = tuple(other for other in RULES if other[0] is not rule)
        needed = [
            name
            for name, (before, after) in MATCHING.items()
            if str(_simplify(before, others)) != str(parse_graph(graph_text(after)))
        ]
        assert needed, rule.__name__


def _simplify(before: str, rules: tuple) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnc.passes.simplify.RULES", rules)
        patch.setattr("nnc.passes.simplify._RULES_FOR", {})
        return run_passes(parse_graph(graph_text(before)), SIMPLIFY)


def test_layer_and_phase_of_what_replaces_a_node():
    body = "%0 = negative(%x) : f64[batch,3]\n%1 = add(%0, %y) : f64[batch,3]  # dense backward\nreturn z=%1"
    after = "%0 = subtract(%y, %x) : f64[batch,3]  # dense backward\nreturn z=%0"
    check_rewrite(graph_text(body), SIMPLIFY, graph_text(after))


def test_what_became_useless_stays_until_dead_code_goes():
    body = "%0 = negative(%x) : f64[batch,3]\n%1 = negative(%0) : f64[batch,3]\nreturn z=%1"
    after = "%0 = negative(%x) : f64[batch,3]\nreturn z=%x"
    check_rewrite(graph_text(body), Simplify(), graph_text(after))
