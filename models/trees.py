"""LightGBM's library and nothing else of it: margins and exact contributions from model text.

LightGBM's Python package pulls in SciPy, pandas and scikit-learn; a serving worker needs none of
them. The C API used here is LightGBM's documented one (`c_api.h`, 4.x).
"""

from __future__ import annotations

import ctypes
import importlib.util
import weakref
from functools import cache
from pathlib import Path

import numpy as np

from features.arrays import Floats
from features.errors import BundleRefused

_FLOAT64, _ROW_MAJOR = 1, 1
_RAW_SCORE, _CONTRIBUTIONS = 1, 3


@cache
def _library() -> ctypes.CDLL:
    spec = importlib.util.find_spec("lightgbm")
    if spec is None or not spec.submodule_search_locations:
        raise BundleRefused("LightGBM is not installed; install Leadpact's requirements.")
    home = Path(spec.submodule_search_locations[0])
    for name in ("lib_lightgbm.so", "lib_lightgbm.dylib", "lib_lightgbm.dll"):
        for folder in (home / "lib", home, home / "bin"):
            if (folder / name).is_file():
                library = ctypes.CDLL(str(folder / name))
                library.LGBM_GetLastError.restype = ctypes.c_char_p
                # Log lines must not reach a worker's standard output; errors come as codes.
                library.LGBM_RegisterLogCallback(_QUIET)
                return library
    raise BundleRefused(f"LightGBM's library is not in {home}; reinstall LightGBM.")


_QUIET = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda _message: None)


class Trees:
    """A booster loaded from text, on `threads` threads.

    Raises:
        BundleRefused: when the text is no booster or its width is not the expected one.
    """

    def __init__(self, text: str, width: int, threads: int = 1) -> None:
        self._parameters = f"num_threads={threads} verbosity=-1".encode()
        self._width = width
        self._handle = ctypes.c_void_p()
        rounds = ctypes.c_int(0)
        library = _library()
        self._check(
            library.LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(text.encode()), ctypes.byref(rounds), ctypes.byref(self._handle)
            )
        )
        freed = weakref.finalize(self, library.LGBM_BoosterFree, self._handle)
        # When the process ends, its memory is gone anyway and the library may be gone first.
        freed.atexit = False
        found = ctypes.c_int(0)
        self._check(_library().LGBM_BoosterGetNumFeature(self._handle, ctypes.byref(found)))
        if found.value != width:
            raise BundleRefused(f"the booster has {found.value} columns, {width} were expected")

    def margins(self, X: Floats) -> Floats:
        """Log-odds that the trees add. X of shape (n, width), answer (n,)."""
        return self._predict(X, _RAW_SCORE, 1)[:, 0]

    def contributions(self, X: Floats) -> Floats:
        """Exact path-dependent TreeSHAP (Lundberg et al. 2020) per column, and the expectation.

        X of shape (n, width), answer (n, width + 1); rows sum to `margins`.
        """
        return self._predict(X, _CONTRIBUTIONS, self._width + 1)

    def _predict(self, X: Floats, kind: int, wide: int) -> Floats:
        X = np.ascontiguousarray(X, dtype=np.float64)
        out = np.empty((len(X), wide))
        if len(X) == 0:
            return out
        length = ctypes.c_int64(0)
        self._check(
            _library().LGBM_BoosterPredictForMat(
                self._handle,
                X.ctypes.data_as(ctypes.c_void_p),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(X.shape[0]),
                ctypes.c_int32(X.shape[1]),
                ctypes.c_int(_ROW_MAJOR),
                ctypes.c_int(kind),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_char_p(self._parameters),
                ctypes.byref(length),
                out.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
            )
        )
        return out

    @staticmethod
    def _check(code: int) -> None:
        if code != 0:
            told = _library().LGBM_GetLastError()
            raise BundleRefused(f"LightGBM refused: {told.decode(errors='replace')}")
