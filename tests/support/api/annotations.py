"""What the annotations of all modules say of classes, functions and aliases."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Types = frozenset[str]
Function = ast.FunctionDef | ast.AsyncFunctionDef

UNKNOWN: Types = frozenset()


@dataclass
class Source:
    """The annotations of members by class, of functions' results, and of aliases."""

    members: dict[str, dict[str, ast.expr]] = field(default_factory=dict)
    bases: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, list[ast.expr]] = field(default_factory=dict)
    aliases: dict[str, ast.expr] = field(default_factory=dict)

    def add(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self._add_class(node)
            elif isinstance(node, Function) and node.returns is not None:
                self.functions.setdefault(node.name, []).append(node.returns)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.aliases[node.targets[0].id] = node.value

    def _add_class(self, node: ast.ClassDef) -> None:
        members = self.members.setdefault(node.name, {})
        self.bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
        for part in ast.walk(node):
            if isinstance(part, ast.AnnAssign):
                target = part.target
                name = target.id if isinstance(target, ast.Name) else _attribute(target)
                members[name] = part.annotation
            elif isinstance(part, Function):
                members.update(_kept_arguments(part))
                if part.returns is not None:
                    members[part.name] = part.returns

    def named_in(self, annotation: ast.expr | None, seen: Types = UNKNOWN) -> Types:
        """Return the classes that an annotation names, its aliases resolved."""
        if annotation is None:
            return UNKNOWN
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except SyntaxError:
                return UNKNOWN
        found: set[str] = set()
        for name in {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)}:
            if name in self.members:
                found.add(name)
            elif name in self.aliases and name not in seen:
                found |= self.named_in(self.aliases[name], seen | {name})
        return frozenset(found)

    def member(self, owner: str, name: str) -> Types:
        """Return the type of a class's field, property or method's result."""
        for each in self.lineage(owner):
            if name in self.members.get(each, {}):
                return self.named_in(self.members[each][name])
        return UNKNOWN

    def lineage(self, owner: str) -> Iterator[str]:
        """Yield the class and those that it inherits from."""
        yield owner
        for base in self.bases.get(owner, ()):
            yield from self.lineage(base)


def _attribute(target: ast.expr) -> str:
    return target.attr if isinstance(target, ast.Attribute) else ""


def _kept_arguments(method: Function) -> Iterator[tuple[str, ast.expr]]:
    """Yield each attribute that a method sets to one of its arguments, with its annotation."""
    arguments = {argument.arg: argument.annotation for argument in method.args.args}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign):
            for target, value in _assigned(node):
                annotation = arguments.get(value.id) if isinstance(value, ast.Name) else None
                if isinstance(target, ast.Attribute) and annotation is not None:
                    yield target.attr, annotation


def _assigned(node: ast.Assign) -> Iterable[tuple[ast.expr, ast.expr]]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return zip(target.elts, value.elts, strict=False)
    return [(target, value)]
