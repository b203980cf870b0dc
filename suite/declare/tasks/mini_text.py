"""Words of the mini set: the pools that a placeholder is drawn from, and sentences for any story.

A placeholder is ``{pool}`` or ``{pool_x}``: the part before the underscore names the pool, the rest
only tells two draws apart. Within one article no pool gives the same value twice, so ``{town}`` and
``{town_b}`` always differ. Every event is invented, and so is the
meeting of these names with it.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TOWNS: Final = _words(
    "Ashcombe Barlow Brackley Bramford Calder Carnforth Coldstone Cranmere Dalbury Denholm Dunmore "
    "Eastwick Elmsford Fairhaven Farleigh Fenwick Glenmore Greyport Halewood Hartfield Hawksmoor "
    "Hazelton Inverlay Kelbrook Kingsmead Kirkdale Langdon Larkhill Linfield Lowton Marlow Milford "
    "Moorgate Netherby Newbridge Northwick Oakham Oldbury Otterburn Pembury Pinewood Portmere "
    "Queensbury Ravenhill Redcliff Rosedale Rothwell Saltmarsh Selwood Silverdale Southmoor "
    "Stanhope Stonebridge Thornbury Tidewell Underhill Wakeley Waterford Westbourne Whitcombe "
    "Wickford Winterton Woodvale Yarrow"
)

FIRST_NAMES: Final = _words(
    "Adam Alice Amir Anna Arthur Beth Callum Carol Chloe Colin Daniel Diane Edward Elena Emma Eric "
    "Farah Fiona Frank Gareth Grace Hannah Harry Helen Ian Imran Iris Jack Jane Joan Kate Keith "
    "Laura Leo Linda Lucy Malik Maria Mark Martin Megan Nadia Neil Nora Oliver Owen Paul Peter "
    "Priya Rachel Ravi Rosa Ruth Samuel Sarah Sean Simon Sofia Stella Thomas Tina Victor Wendy "
    "Yusuf"
)

SURNAMES: Final = _words(
    "Adeyemi Ahmed Archer Bailey Barker Bennett Bishop Brennan Burton Carter Chandra Clarke Cole "
    "Cooper Costa Crane Curtis Dalton Davies Dixon Doyle Drake Ellis Evans Farrell Fisher Fleming "
    "Foster Garner Gibson Grant Hale Harding Harper Hayes Holt Hughes Hussain Ingram Jarvis Jones "
    "Keane Kennedy Khan Lambert Lawson Lennox Lowe Marsh Mason Mercer Miller Moreno Murphy Nash "
    "Newman Norris Okafor Palmer Parsons Patel Pearce Porter Price Quinn Ramsay Reid Rhodes "
    "Roberts Rowe Russell Saunders Sharma Shaw Silva Slater Stone Sutton Tanner Taylor Tucker "
    "Turner Vaughan Walker Walsh Warner Watts Webb Weston Wilkins Wood Wright Yates Young"
)

FIRMS: Final = _words(
    "Albion Anvil Arden Beacon Birchall Bluewater Castleton Cobalt Crestline Delmar Evergreen "
    "Falcon Ferndale Granite Harbour Highfield Horizon Ironside Juniper Kestrel Lantern Meridian "
    "Monarch Nordic Orchard Osprey Paragon Quarry Redwood Sable Sterling Summit Tamar Tempest "
    "Trident Vantage Vertex Willow Wyvern Zenith"
)

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = _words(
    "January February March April May June July August September October November December"
)
HOURS: Final = tuple(f"{hour}{half}" for half in ("am", "pm") for hour in range(1, 12))
ROLES: Final = (
    "a shopkeeper", "a retired teacher", "a taxi driver", "a student", "a nurse", "a farmer",
    "a postal worker", "a cafe owner", "a dog walker", "a parish clerk", "a plumber", "a baker",
    "a bus driver", "a librarian", "a gardener", "a musician",
)  # fmt: skip

POOLS: Final[dict[str, tuple[str, ...]]] = {
    "town": TOWNS,
    "who": (),  # a first name and a surname, drawn apart
    "firm": FIRMS,
    "day": WEEKDAYS,
    "month": MONTHS,
    "hour": HOURS,
    "role": ROLES,
    "num": tuple(str(number) for number in range(11, 99)),
    "few": ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "money": tuple(f"£{number} million" for number in range(2, 61)),
    "pounds": tuple(f"£{number},000" for number in range(12, 96)),
    "year": tuple(str(year) for year in range(1961, 2020)),
}

# Sentences that fit any story. None states a fact that a summary uses; most name someone else,
# somewhere else or some other number, so that copying the first name found does not work.
COMMON_COLOUR: Final = (
    "{who_m}, {role_m} who has lived in {town_m} for {few_n} years, said it had come as a surprise.",
    '"Nobody here talks about anything else," said {who_n}, {role_n}.',
    "A meeting for residents will be held in the church hall next {day_m}.",
    "The area was last in the news in {year_m}, when the old market burned down.",
    "Local radio received more than {num_n} calls about it before lunch.",
    "A spokeswoman said more details would follow in the coming days.",
    "{who_o}, who writes a column for the weekly paper, called it a sign of the times.",
    "Similar stories have been told in {town_n} and {town_o} over the past few years.",
    "Some asked why it had taken so long for the news to come out.",
    '"We have to look ahead now," said {who_p}, {role_p} from {town_p}.',
    "Photographs shared online were seen by many thousands of people.",
    "The member of parliament for {town_q}, {who_q}, has asked for a full explanation.",
    "By the evening the streets were quiet again.",
    "A phone line has been set up for anyone who has questions.",
    "The story was first reported by the {town_r} Herald in {month_m}.",
    "Opinions were divided among people waiting at the bus station.",
    "{who_r}, {role_r}, said the past {few_m} weeks had felt like a year.",
    "It is not clear what will happen in the longer term.",
    "Volunteers handed out tea and sandwiches in the square.",
    "Another statement is expected before the end of {month_n}.",
)

__all__ = ["COMMON_COLOUR", "FIRST_NAMES", "POOLS", "SURNAMES"]
