"""`hotplate.jobs` has a function for each Job."""

from pkgutil import iter_modules

from hotplate import jobs


def test_no_package_takes_the_name_of_a_function_once_it_is_imported() -> None:
    assert set(jobs.__all__).isdisjoint(module.name for module in iter_modules(jobs.__path__))
