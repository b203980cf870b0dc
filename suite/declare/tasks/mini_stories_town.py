"""Stories of the mini set that happen in a town: fire, council, court, railway, storm, school."""

from __future__ import annotations

from typing import Final

from suite.declare.tasks.mini_story import Story

FIRE: Final = Story(
    kind="fire",
    openings=(
        "It was a night that those who saw it will not forget for a long time.",
        "Thick smoke could still be seen from the hills when the sun came up.",
        "The sound of sirens woke whole streets in the early hours of {day}.",
    ),
    facts=(
        (
            "The fire broke out at a {building} in {town} at about {hour}.",
            "Crews had been called to a {building} in {town} just before {hour}.",
            "Flames were first seen at a {building} in the middle of {town}.",
        ),
        (
            "Investigators believe that it was started by {cause}.",
            "The fire service said that {cause} was to blame.",
            "An early report named {cause} as the cause.",
        ),
        (
            "Police moved {num} people out of their homes.",
            "In all, {num} people had to leave their homes and spend the night in a sports hall.",
            "Officers went from door to door, and {num} people were told to leave their homes.",
        ),
        ("{damage}",),
    ),
    colour=(
        "In {town_b}, a {building_b} was lost two years ago after {cause_b}.",
        '"I grabbed the dog and ran," said {who_b}, {role_b} who lives next door.',
        "{who_c}, who leads the night watch, praised crews from {town_c}.",
        "About {num_b} firefighters from {few_b} stations took turns through the night.",
        "Roads around the site were closed until {hour_b}.",
        "People living nearby were asked to keep their windows shut.",
        "An aerial platform was sent from {town_d}, {num_c} miles away.",
        "The owner, {who_d}, was abroad when the news came.",
    ),
    summary="A fire caused by {cause} has {harmed} a {building} in {town} and driven {num} people "
    "from their homes.",
    words={
        "building": (
            "bakery", "boatyard", "bookshop", "car showroom", "cinema", "furniture shop", "hotel",
            "library", "paint factory", "paper mill", "restaurant", "sawmill", "theatre",
            "timber yard", "toy shop", "warehouse",
        ),
        "cause": (
            "an electrical fault", "a discarded cigarette", "a faulty heater", "a gas leak",
            "a lightning strike", "an overheated battery", "a kitchen accident", "a fallen candle",
            "a broken boiler", "sparks from a welding torch", "fireworks", "a worn cable",
        ),
    },
    outcomes=(
        {"harmed": "destroyed", "damage": "Nothing is left standing but the outer walls."},
        {"harmed": "destroyed", "damage": "The roof fell in and the whole structure was lost."},
        {"harmed": "damaged", "damage": "Most of the structure was saved, with harm to the roof."},
        {"harmed": "damaged", "damage": "Only the upper floor was hurt, and repairs can begin soon."},
    ),
)  # fmt: skip

COUNCIL: Final = Story(
    kind="council",
    openings=(
        "The public gallery was full long before the doors were closed.",
        "There were cheers and boos at the end of a meeting that lasted {few} hours.",
        "Rarely has an evening at the town hall drawn so many people.",
    ),
    facts=(
        (
            "Before the council in {town} was a plan for {plan}.",
            "The council in {town} had been asked to decide on {plan}.",
            "For more than a year {town} has argued about {plan}.",
        ),
        (
            "The work would cost {money}.",
            "Officials put the price of the work at {money}.",
            "According to papers seen by members, {money} would be needed.",
        ),
        (
            "Objectors spoke above all about {worry}.",
            "Most letters of complaint were about {worry}.",
            "A petition warned of {worry}.",
        ),
        ("{vote}",),
    ),
    colour=(
        "Two years ago {town_b} turned down {plan_b} at a price of {money_b}.",
        '"We have been heard at last," said {who_b}, {role_b}.',
        "{who_c}, who chairs the finance committee, asked for calm.",
        "A firm from {town_c}, {firm}, had drawn the first maps.",
        "Letters from {num_b} households were read out by the clerk.",
        "{who_d} of the civic trust said that the question of {worry_b} was for another day.",
        "The next meeting of the committee is on {day_b} at {hour_b}.",
        "Members spent the first hour on the price of parking in {town_d}.",
    ),
    summary="Councillors in {town} have {decided} plans for {plan} costing {money} {link} concerns "
    "about {worry}.",
    words={
        "plan": (
            "a new swimming pool", "a wind farm", "a bus lane", "a skate park", "a housing estate",
            "a cycle path", "a solar farm", "a retail park", "a concert hall", "a car park",
            "a tram line", "a marina", "a crematorium", "a business park", "a climbing centre",
            "a food market",
        ),
        "worry": (
            "traffic", "noise", "flooding", "air pollution", "the loss of trees", "rising debt",
            "road safety", "nesting birds", "the view", "light pollution", "crowds", "litter",
        ),
    },
    outcomes=(
        {"decided": "approved", "link": "despite",
         "vote": "When hands were counted, {num_x} members were in favour and {few_x} against."},
        {"decided": "approved", "link": "despite",
         "vote": "In the end a clear majority gave it the green light."},
        {"decided": "rejected", "link": "because of",
         "vote": "When hands were counted, {few_x} members were in favour and {num_x} against."},
        {"decided": "rejected", "link": "because of",
         "vote": "In the end a clear majority threw it out."},
        {"decided": "postponed", "link": "because of",
         "vote": "In the end no vote was taken, and members will return to it in {month_x}."},
    ),
)  # fmt: skip

COURT: Final = Story(
    kind="court",
    openings=(
        "There was silence in the courtroom as the judge began to read.",
        "The case had filled newspapers for the better part of a year.",
        "Relatives embraced one another on the steps when it was all over.",
    ),
    facts=(
        (
            "In the dock stood {who}, {job} from {town}.",
            "The defendant, {who}, is {job} from {town}.",
            "The charges were brought against {who}, {job} from {town}.",
        ),
        (
            "The jury had to decide on a charge of {crime}.",
            "Prosecutors spoke of a clear case of {crime}.",
            "At the centre of the trial was an accusation of {crime}.",
        ),
        (
            "The sum involved was {pounds}.",
            "Police put the amount at {pounds}.",
            "Bank records showed that {pounds} was missing.",
        ),
        ("{verdict}",),
    ),
    colour=(
        "The judge, {who_b}, thanked the jury for its patience over {few_b} weeks.",
        "A witness, {who_c}, {role_c} from {town_b}, told of late-night telephone calls.",
        "Defence lawyer {who_d} said that the family would not comment.",
        "Another trial, over {crime_b} in {town_c}, was adjourned until {month_b}.",
        "Detective {who_e} described {num_b} boxes of papers.",
        "The hearing had been delayed because a juror was ill.",
        "An earlier case over {pounds_b} ended without a verdict.",
        "Court staff had to open a second room for the public.",
    ),
    summary="{who}, {job} from {town}, has been {sentence} {crime} involving {pounds}.",
    words={
        "job": (
            "an accountant", "a builder", "a dentist", "an estate agent", "a headteacher",
            "a jeweller", "a lawyer", "a mechanic", "a pharmacist", "a pilot", "a solicitor",
            "a surveyor", "a travel agent", "a vet", "an art dealer", "a bank manager",
        ),
        "crime": (
            "fraud", "theft", "bribery", "blackmail", "forgery", "tax evasion", "money laundering",
            "insurance fraud", "embezzlement", "smuggling",
        ),
    },
    outcomes=(
        {"sentence": "jailed for",
         "verdict": "The sentence of {few_x} years in prison was longer than expected."},
        {"sentence": "jailed for",
         "verdict": "After the guilty verdict came a prison term of {num_x} months."},
        {"sentence": "cleared of",
         "verdict": "The jury took {few_x} hours to return a verdict of not guilty."},
        {"sentence": "cleared of",
         "verdict": "The judge said that the evidence was too weak and ordered an acquittal."},
        {"sentence": "fined for",
         "verdict": "The judge ruled out prison and ordered a fine to be paid by {month_x}."},
    ),
)  # fmt: skip

RAIL: Final = Story(
    kind="rail",
    openings=(
        "Travellers will need patience and perhaps a good book.",
        "Few notices have been read as closely as the one pinned up on {day}.",
        "Platforms that are usually packed will soon look rather empty.",
    ),
    facts=(
        (
            "The line affected is the one between {town} and {town_b}.",
            "It concerns every train between {town} and {town_b}.",
            "Nothing will run on the tracks between {town} and {town_b}.",
        ),
        (
            "Engineers need the time for {work}.",
            "The reason given is {work}.",
            "The operator said that {work} could not wait.",
        ),
        (
            "It will last {num} days.",
            "Managers expect it to take {num} days.",
            "According to the timetable, {num} days have been set aside.",
        ),
        (
            "It begins in {month}.",
            "The first day without trains will be in {month}.",
            "The start has been fixed for {month}.",
        ),
    ),
    colour=(
        "Buses will leave {town_c} every {num_b} minutes from {hour_b}.",
        "Last year a shorter closure near {town_d} was ordered because of {work_b}.",
        '"I will have to get up at {hour_c}," said {who_b}, {role_b}.',
        "{who_c} of the passengers' group called for cheaper tickets.",
        "Season ticket holders can claim {num_c} pounds.",
        "The timetable for {month_b} has not been changed.",
        "{who_d}, who manages the station at {town_e}, said extra staff would be on hand.",
        "Freight will be sent by way of {town_f}.",
    ),
    summary="Trains between {town} and {town_b} will be cancelled for {num} days from {month} to "
    "allow {work}.",
    words={
        "work": (
            "repairs to a bridge", "the laying of new track", "work on a tunnel",
            "the removal of asbestos", "drainage work", "the renewal of signals",
            "the widening of platforms", "the strengthening of an embankment",
            "the rebuilding of a viaduct", "tests of electric trains", "the clearing of a landslip",
            "the replacement of old cables",
        ),
    },
)  # fmt: skip

STORM: Final = Story(
    kind="storm",
    openings=(
        "The worst is over, but the clearing up has only just begun.",
        "Fallen branches and broken fences lay everywhere on {day} morning.",
        "Forecasters had given warning, yet few expected anything like this.",
    ),
    facts=(
        (
            "Storm {storm} came ashore at about {hour}.",
            "The damage was the work of Storm {storm}.",
            "Storm {storm} is the strongest of the season so far.",
        ),
        (
            "The town of {town} was hit hardest.",
            "Nowhere suffered more than {town}.",
            "Most of the emergency calls came from {town}.",
        ),
        (
            "The electricity company said that {num} homes had no power.",
            "Engineers are working to restore power to {num} homes.",
            "Power was cut to {num} homes when a line came down.",
        ),
        (
            "It was also decided to close {shut}.",
            "Officials had no choice but to close {shut}.",
            "For safety reasons they had to close {shut}.",
        ),
    ),
    colour=(
        "Gusts of {num_b} miles an hour were measured near {town_b}.",
        "Storm {storm_b} caused much less harm in {month_b}.",
        '"The noise was like a train," said {who_b}, {role_b} in {town_c}.',
        "{who_c} of the weather office said rain would ease by {day_b}.",
        "In {town_d} the river rose by {few_b} feet in an afternoon.",
        "A tree fell on a parked car belonging to {who_d}.",
        "Fire crews pumped water from {num_c} cellars.",
        "Farmers moved sheep and cattle to higher ground.",
    ),
    summary="Storm {storm} has left {num} homes in {town} without power and forced the closure of "
    "{shut}.",
    words={
        "storm": (
            "Agnes", "Basil", "Cora", "Dennis", "Edna", "Felix", "Gloria", "Hugo", "Ingrid",
            "Jasper", "Klara", "Lorenzo", "Mabel", "Nigel", "Olga", "Percy", "Rita", "Stefan",
            "Trudy", "Vince",
        ),
        "shut": (
            "the airport", "the harbour", "two schools", "the coast road", "the main bridge",
            "the ferry terminal", "a motorway", "the town museum", "a shopping centre", "the zoo",
            "the stadium", "a hospital ward",
        ),
    },
)  # fmt: skip

SCHOOL: Final = Story(
    kind="school",
    openings=(
        "Parents at the gates said that they had seen it coming.",
        "An assembly on {day} ended with tears and long hugs.",
        "For many families it is the end of a long wait for an answer.",
    ),
    facts=(
        (
            "The decision affects a {place} in {town}.",
            "Letters went out to everyone at a {place} in {town}.",
            "It is the future of a {place} in {town} that has been settled.",
        ),
        (
            "Managers blamed {reason}.",
            "The board pointed to {reason}.",
            "Behind it all, according to a report, is {reason}.",
        ),
        (
            "A total of {num} jobs are at stake.",
            "The number of jobs involved is {num}.",
            "Unions have counted {num} jobs.",
        ),
        ("{fate}",),
    ),
    colour=(
        "In {town_b} a {place_b} was saved in {year_b} by a group of parents.",
        '"My children loved it," said {who_b}, {role_b}.',
        "{who_c}, the deputy head, has worked there for {num_b} years.",
        "A report by inspectors in {town_c} had spoken of {reason_b}.",
        "The building dates from {year_c} and was designed by {who_d}.",
        "A public meeting is planned for {hour_b} on {day_b}.",
        "Inspectors last called in {month_b}.",
        "The trade union's {who_e} said that staff deserved better.",
    ),
    summary="A {place} in {town} is to {end} because of {reason}, {effect} {num} jobs.",
    words={
        "place": (
            "primary school", "grammar school", "nursery", "village college", "music school",
            "boarding school", "care home", "day hospital", "maternity unit", "health centre",
            "training college", "youth club",
        ),
        "reason": (
            "falling numbers", "a lack of money", "rising costs", "an unsafe roof",
            "a shortage of staff", "poor results", "growing demand", "a new law",
            "a change of owner", "a generous gift",
        ),
    },
    outcomes=(
        {"end": "close", "effect": "with the loss of",
         "fate": "The doors will shut for good in {month_x}."},
        {"end": "close", "effect": "with the loss of",
         "fate": "There will be no further intake, and everything will be wound up by {month_x}."},
        {"end": "expand", "effect": "with the creation of",
         "fate": "A second wing will be built, with room for twice as many."},
        {"end": "expand", "effect": "with the creation of",
         "fate": "Builders will arrive in {month_x} to add another floor."},
    ),
)  # fmt: skip

TOWN_STORIES: Final = (FIRE, COUNCIL, COURT, RAIL, STORM, SCHOOL)

__all__ = ["TOWN_STORIES"]
