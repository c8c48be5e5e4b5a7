"""How Numba compiles a function that only ever becomes part of another.

By default it optimises every function, with all that it calls, and makes machine code of
it: code that is called through ten functions is optimised ten times over, which took most
of the time. A part is only translated; what it becomes part of is optimised, once. Custom
pipelines are described in Numba's manual, "Customizing the Compiler".
"""

from __future__ import annotations

from typing import Any

from numba.core import codegen, compiler, compiler_machinery, typed_passes


class _PartLibrary(codegen.JITCodeLibrary):  # type: ignore[misc]  # Numba has no types
    """Code that is linked into that of its callers as it is."""

    def _optimize_final_module(self) -> None:
        """Leave that to the caller."""

    def _finalize_final_module(self) -> None:
        """Make no machine code."""
        self._finalize_dynamic_globals()
        self._finalized = True


class _Pass(compiler_machinery.LoweringPass):  # type: ignore[misc]  # Numba has no types
    def __init__(self) -> None:  # which is abstract
        super().__init__()


@compiler_machinery.register_pass(mutates_CFG=False, analysis_only=True)
class _AsPart(_Pass):
    """Let a function be translated into a library of its own kind."""

    _name = "patchopt_as_part"

    def run_pass(self, state: Any) -> bool:
        state.library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        state.flags.no_compile = True
        return True


@compiler_machinery.register_pass(mutates_CFG=False, analysis_only=True)
class _Known(_Pass):
    """Let callers find a function that has no machine code."""

    _name = "patchopt_known"

    def run_pass(self, state: Any) -> bool:
        # Numba knows functions by their entry points; any built-in method is one, and that
        # of a new list is like no other. It cannot be called by mistake without an error.
        nothing: list[object] = []
        entry_point = nothing.append
        lowered = state["cr"]
        state.targetctx.insert_user_function(entry_point, lowered.fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=entry_point)
        return True


class PartCompiler(compiler.CompilerBase):  # type: ignore[misc]  # Numba has no types
    """Numba's compiler without its last stages."""

    def define_pipelines(self) -> list[Any]:
        """Return the only pipeline."""
        passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        lowering = typed_passes.NativeLowering
        passes.add_pass_after(_Known, lowering)
        passes.add_pass_after(_AsPart, typed_passes.AnnotateTypes)
        passes.finalize()
        return [passes]
