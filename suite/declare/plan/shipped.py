"""What the suite shipped that a plan was made by: this version's own files, or what the reviewers list of an earlier release."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.declare.known import release_of
from suite.declare.plan import recipe
from suite.declare.plan.basis import profile_of, vendor_of
from suite.declare.profiles.load import load_profile
from suite.declare.vendor.load import list_vendors, load_vendor

if TYPE_CHECKING:
    from suite.declare.profiles.load import Profile
    from suite.declare.vendor.load import Vendor
    from suite.documents.basis import Basis
    from suite.documents.plan import Plan


@functools.cache
def _own_vendor(identifier: str) -> Vendor:
    """This version's own declaration: several rules ask for it, and checking it takes longer than all that they do."""
    return load_vendor(identifier)


@functools.cache
def _own_profile(name: str) -> Profile:
    """This version's own profile, read once, as declarations are."""
    return load_profile(name)


def shipped_vendor(plan: Plan, basis: Basis | None = None) -> Vendor:
    """The declaration that was shipped under the name of a plan's vendor.

    Args:
        plan: names vendor and suite.
        basis: what the plan was made from: holds the declaration of an earlier release, which is shipped no more.

    Raises:
        UsageError: ``vendor-unknown``, where none was shipped under the name, or an earlier one that is not at hand.
    """
    release = release_of(plan.suite)
    if release is None:
        return _own_vendor(plan.vendor.id)
    listed = release.vendors.get(plan.vendor.id)
    if listed is not None and plan.vendor.id in list_vendors():
        vendor = _own_vendor(plan.vendor.id)
        if vendor.sha256 == listed:
            return vendor
    if listed is not None and basis is not None:
        vendor = vendor_of(basis)
        if vendor.sha256 == listed:
            return vendor
    message = Sentence(
        f"release {release.version} shipped no such declaration of {plan.vendor.id}",
        f"版本 {release.version} 未随附 {plan.vendor.id} 的这份声明",
    )
    raise UsageError("vendor-unknown", message)


def shipped_profile(plan: Plan, basis: Basis | None = None) -> Profile:
    """The profile that was shipped under the name of a plan's profile; as `shipped_vendor`.

    Raises:
        DeclarationError: ``profile-unknown``.
        UsageError: ``profile-unknown`` of an earlier release.
    """
    name, release = plan.workload.profile, release_of(plan.suite)
    if release is None:
        profile = _own_profile(name)
        if basis is None or not profile.data_lengths:
            return profile
        return replace(profile, traces={**profile.traces, **profile_of(basis).traces})
    listed = release.profiles.get(name)
    if listed is not None and basis is not None:
        profile = profile_of(basis)
        if profile.sha256 == listed:
            return profile
    message = Sentence(
        f"release {release.version} shipped no such profile {name}",
        f"版本 {release.version} 未随附这份配置 {name}",
    )
    raise UsageError("profile-unknown", message)


def shipped_context(plan: Plan, build_context: str) -> str | None:
    """Digest that an image carries when it was made of the recipe that was shipped; None where there was none.

    Raises:
        SetupError: ``image-context-missing``.
    """
    release = release_of(plan.suite)
    if release is not None:
        return release.images.get(build_context)
    directory = recipe.shipped(build_context)
    return None if directory is None else recipe.context_digest(directory)
