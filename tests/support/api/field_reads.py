"""Which fields of the resources the source reads, found from its annotations without running it.

Every function is annotated, so that the class of most expressions is known: that of a parameter,
of a field, of what a call returns. A type is the set of classes that its annotation names, whether
one, none or many are held.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from support.api.annotations import UNKNOWN, Function, Source, Types

_BINDING = (
    ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension, ast.withitem, ast.Lambda,
)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """An attribute that is read of a class, and the method or property that reads it, if any."""

    owner: str
    name: str
    module: str
    within: tuple[str, str] | None


@dataclass
class _Reader(ast.NodeVisitor):
    """Walks a module, and notes what is read of which class."""

    source: Source
    module: str
    reads: list[Read] = field(default_factory=list)
    owner: str = ""
    method: str = ""
    names: dict[str, Types] = field(default_factory=dict)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self.owner = self.owner, node.name
        for part in node.body:
            if isinstance(part, Function):
                self.visit(part)
        self.owner = outer

    def visit_FunctionDef(self, node: Function) -> None:
        names, method = self.names, self.method
        self.names = dict(names)
        if not method:
            self.method = node.name
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            self.names[argument.arg] = self.source.named_in(argument.annotation)
        if arguments and arguments[0].arg in ("self", "cls") and self.owner:
            self.names[arguments[0].arg] = frozenset({self.owner})
        self._bind_all(node)
        for part in node.body:
            self.visit(part)
        self.names, self.method = names, method

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            within = (self.owner, self.method) if self.owner else None
            for owner in self.type_of(node.value):
                self.reads.append(Read(owner, node.attr, self.module, within))
        self.generic_visit(node)

    def type_of(self, node: ast.expr) -> Types:
        """Return the classes that an expression may be of; of a call, those of its result."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name, UNKNOWN)
            case ast.Attribute(value=value, attr=name):
                return _union(self.source.member(owner, name) for owner in self.type_of(value))
            case ast.Call(func=function):
                return self._result(function, [*node.args, *(k.value for k in node.keywords)])
        return _union(map(self.type_of, _same_type(node)))

    def _result(self, function: ast.expr, arguments: list[ast.expr]) -> Types:
        """Return the type of a call; of a foreign function such as `sorted`, its inputs'."""
        if isinstance(function, ast.Attribute):
            known = self.type_of(function)
            return known or self.type_of(function.value) or self._named(function.attr)
        if isinstance(function, ast.Name):
            if function.id in self.source.members:
                return frozenset({function.id})
            if function.id in self.source.functions:
                found = self._named(function.id)
                return found or _union(map(self.type_of, arguments))
        return _union(map(self.type_of, arguments))

    def _named(self, function: str) -> Types:
        return _union(map(self.source.named_in, self.source.functions.get(function, ())))

    def _bind_all(self, node: ast.AST) -> None:
        """Give every variable of a function the type of what it is assigned, in order, twice."""
        binding = [part for part in ast.walk(node) if isinstance(part, _BINDING)]
        for part in [*binding, *binding]:
            match part:
                case ast.Assign(targets=[target], value=value):
                    self._bind(target, value)
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    self.names[name] = self.source.named_in(annotation)
                case ast.NamedExpr(target=target, value=value):
                    self._bind(target, value)
                case (
                    ast.For(target=target, iter=value)
                    | ast.comprehension(target=target, iter=value)
                ):
                    self._bind(target, value)
                case ast.withitem(context_expr=value, optional_vars=target) if target:
                    self._bind(target, value)
                case ast.Lambda(args=arguments):
                    self._bind_lambda(arguments, node, part)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = self.names.get(target.id, UNKNOWN) | self.type_of(value)
        elif isinstance(target, ast.Tuple):
            alike = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
            values = value.elts if alike else [value] * len(target.elts)  # type: ignore[attr-defined]
            for each, part in zip(target.elts, values, strict=True):
                self._bind(each, part)

    def _bind_lambda(self, arguments: ast.arguments, node: ast.AST, part: ast.AST) -> None:
        """Give a lambda's parameter the type of what stands beside the lambda in its call."""
        for call in ast.walk(node):
            if isinstance(call, ast.Call):
                beside = [*call.args, *(keyword.value for keyword in call.keywords)]
                if part in beside:
                    others = _union(self.type_of(each) for each in beside if each is not part)
                    for argument in arguments.args:
                        self.names[argument.arg] = others


def reads(root: Path) -> list[Read]:
    """Return all that the modules under a folder read of classes that they define."""
    trees = {
        str(path.relative_to(root)): ast.parse(path.read_text())
        for path in sorted(root.rglob("*.py"))
    }
    source = Source()
    for tree in trees.values():
        source.add(tree)
    found: list[Read] = []
    for module, tree in trees.items():
        reader = _Reader(source, module)
        reader.visit(tree)
        found += [
            Read(each, read.name, read.module, read.within)
            for read in reader.reads
            for each in source.lineage(read.owner)
        ]
    return found


def _union(types: Iterable[Types]) -> Types:
    return frozenset().union(*types)


def _same_type(node: ast.expr) -> list[ast.expr]:
    """Return the parts of an expression that its type is that of."""
    match node:
        case ast.IfExp(body=left, orelse=right) | ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.BoolOp(values=parts) | ast.Dict(values=parts):
            return parts
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return parts
        case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part) | ast.SetComp(elt=part):
            return [part]
    value = getattr(node, "value", None)
    return [value] if isinstance(value, ast.expr) else []
