"""Stories of the mini set from further afield: sport, business, science, sales, sea, wildlife."""

from __future__ import annotations

from typing import Final

from suite.declare.tasks.mini_story import Story

FOOTBALL: Final = Story(
    kind="football",
    openings=(
        "It was the kind of evening that supporters wait for all season.",
        "The manager called it the best performance since taking charge.",
        "Long after the whistle the singing could be heard on the road to the station.",
    ),
    facts=(
        (
            "The winners were {town} {club}, who had lost their previous {few} games.",
            "For {town} {club} it was a richly deserved win.",
            "Victory went to {town} {club}, playing in front of their own crowd.",
        ),
        (
            "The visitors, {town_b} {club_b}, went home empty-handed.",
            "It was a bitter defeat for {town_b} {club_b}.",
            "The losers, {town_b} {club_b}, hardly had a chance.",
        ),
        (
            "The decisive moment belonged to {who}, who struck with {goal}.",
            "It was settled by {who} with {goal}.",
            "The crowd rose when {who} scored with {goal}.",
        ),
        (
            "The prize is a place in {stage}.",
            "The club now goes forward to {stage}.",
            "Next for the club comes {stage}.",
        ),
    ),
    colour=(
        "Goalkeeper {who_b} had to leave the field after {num_b} minutes with a sore knee.",
        "A shot by {who_c} hit the post early in the second half.",
        "{who_d}, who came through the youth team in {town_c}, was booked for a late tackle.",
        "The last meeting between the sides ended in a draw in {month_b}.",
        "Referee {who_e} added {few_b} minutes at the end.",
        "In the other game {town_d} {club_d} were held by {town_e}.",
        '"We made too many mistakes," said assistant coach {who_f}.',
        "Tickets for the next round go on sale at {hour_b} on {day_b}.",
    ),
    summary="{who} scored with {goal} as {town} {club} beat {town_b} {club_b} to reach {stage}.",
    words={
        "club": (
            "Rovers", "United", "City", "Athletic", "Wanderers", "Albion Town", "Rangers", "County",
            "Harriers", "Argyle",
        ),
        "goal": (
            "a late penalty", "a header", "a free kick", "a long shot", "a volley",
            "a last-minute goal", "an overhead kick", "a shot from close range", "two quick goals",
            "a rebound",
        ),
        "stage": (
            "the cup final", "the semi-finals", "the quarter-finals", "the play-offs",
            "the third round", "the fourth round", "the top of the table", "the first division",
        ),
    },
)  # fmt: skip

COMPANY: Final = Story(
    kind="company",
    openings=(
        "Analysts had been guessing for weeks what the figures would show.",
        "Investors had to wait until {hour} for the news.",
        "The announcement moved the market within minutes of the opening bell.",
    ),
    facts=(
        (
            "The results are those of {firm}, the {sector} group.",
            "The {sector} group {firm} published its accounts on {day}.",
            "Shares in {firm}, the {sector} group, changed hands in large numbers.",
        ),
        ("{move}",),
        (
            "The yearly profit was {money}.",
            "It made a profit of {money} in the year.",
            "What remained at the end of the year was a profit of {money}.",
        ),
        (
            "The chief executive put it down to {reason}.",
            "The main factor, the board said, was {reason}.",
            "A letter to shareholders explained it by {reason}.",
        ),
    ),
    colour=(
        "Its rival {firm_b} made {money_b} in the same period.",
        "{who_b}, an analyst at {firm_c}, said that the shares looked cheap.",
        "The group opened a new office in {town_b} in {month_b}.",
        "Another firm, {firm_d}, had earlier warned of {reason_b}.",
        "About {num_b} people work at its site in {town_c}.",
        "{who_c}, who joined the board in {year_b}, will retire in {month_c}.",
        '"We stay careful," said finance director {who_d}.',
        "Trading in the first {few_b} weeks of the new year has been steady.",
    ),
    summary="Profits at the {sector} group {firm} have {moved} by {num}% to {money} because of "
    "{reason}.",
    words={
        "sector": (
            "banking", "chemicals", "clothing", "energy", "engineering", "food", "furniture",
            "insurance", "media", "mining", "property", "shipping", "software", "travel",
        ),
        "reason": (
            "strong exports", "higher fuel prices", "a mild winter", "online sales", "a weak pound",
            "new taxes", "lower interest rates", "a long strike", "good harvests",
            "cheap imports", "orders from abroad", "a change in fashion",
        ),
    },
    outcomes=(
        {"moved": "risen", "move": "That is {num}% more than in the year before."},
        {"moved": "risen", "move": "Compared with last year it is a gain of {num}%."},
        {"moved": "fallen", "move": "That is {num}% less than in the year before."},
        {"moved": "fallen", "move": "Compared with last year it is a drop of {num}%."},
    ),
)  # fmt: skip

SCIENCE: Final = Story(
    kind="science",
    openings=(
        "Sometimes a simple question takes a very long time to answer.",
        "The findings surprised even those who had worked on them.",
        "A paper published on {day} may change a habit or two.",
    ),
    facts=(
        (
            "The work was done at the University of {town}.",
            "The authors are based at the University of {town}.",
            "A laboratory at the University of {town} led the project.",
        ),
        (
            "The team followed {num} {subjects} from the start.",
            "Measurements were taken from {num} {subjects}.",
            "A total of {num} {subjects} took part.",
        ),
        (
            "Half of them were given {habit}.",
            "What set one group apart was {habit}.",
            "The question was what difference {habit} would make.",
        ),
        ("{finding}",),
    ),
    colour=(
        "The study was paid for by the {firm} Foundation with {money_b}.",
        "{who_b}, who was not involved, said that larger trials were needed.",
        "Earlier work in {town_b} had looked at {habit_b} in {num_b} {subjects_b}.",
        "It took {few_b} years to collect all the data.",
        '"I did not believe it at first," said co-author {who_c}.',
        "{who_d} of the University of {town_c} called the method sound.",
        "The idea came up over lunch in {month_b}.",
        "Results from a second group are due in {month_c}.",
    ),
    summary="A study of {num} {subjects} at the University of {town} suggests that {habit} can "
    "{effect}.",
    words={
        "subjects": (
            "adults", "athletes", "bees", "cats", "children", "cows", "crows", "dogs", "drivers",
            "horses", "mice", "nurses", "office workers", "pensioners", "students", "twins",
        ),
        "habit": (
            "a daily walk", "classical music", "an afternoon nap", "less sugar", "bright light",
            "cold water", "green tea", "a quiet room", "fewer meals", "fresh air", "more salt",
            "a diet of nuts", "regular play", "warm milk",
        ),
    },
    outcomes=(
        {"effect": "improve memory", "finding": "Those in that group remembered far more later on."},
        {"effect": "lower stress", "finding": "Signs of stress went down in that group."},
        {"effect": "improve sleep", "finding": "That group slept longer and woke up less often."},
        {"effect": "slow ageing", "finding": "Cells from that group stayed younger for longer."},
        {"effect": "harm the heart", "finding": "Heart trouble was more common in that group."},
        {"effect": "cause weight loss", "finding": "Scales showed that this group became lighter."},
    ),
)  # fmt: skip

AUCTION: Final = Story(
    kind="auction",
    openings=(
        "Nobody in the saleroom dared to cough in the last minute.",
        "What looked like a worthless thing has turned out to be anything but.",
        "The hammer came down to loud applause on {day} evening.",
    ),
    facts=(
        (
            "The object of desire was a {item}.",
            "On the stand stood a {item}.",
            "Experts call the {item} a small wonder.",
        ),
        (
            "It had been found by {who} in {spot}.",
            "It was {who} who came upon it in {spot}.",
            "For decades it had lain in {spot}, until {who} noticed it.",
        ),
        (
            "That happened in {town} a year ago.",
            "The discovery was made in {town}.",
            "People in {town} still talk about the lucky find.",
        ),
        (
            "The winning bid was {pounds}.",
            "In the end a telephone bidder paid {pounds}.",
            "It went for {pounds}, far more than expected.",
        ),
    ),
    colour=(
        "The catalogue had named a price of {pounds_b}.",
        "Auctioneer {who_b} said that bids came from {few_b} countries.",
        "A {item_b} sold in {town_b} last year for {pounds_c}.",
        "{who_c}, a dealer from {town_c}, dropped out early.",
        "The museum in {town_d} had hoped to buy it.",
        "Collector {who_d} has owned a {item_c} since {year_b}.",
        "It was made in about 1700, according to {who_e} of the museum service.",
        "The sale lasted {num_b} minutes in all.",
    ),
    summary="A {item} that {who} found in {spot} in {town} has been sold at auction for {pounds}.",
    words={
        "item": (
            "silver cup", "gold ring", "bronze sword", "stone head", "rare stamp", "violin",
            "tea bowl", "letter", "painting", "chess piece", "clock", "map", "roman coin",
            "diamond brooch", "prayer book", "carved mask",
        ),
        "spot": (
            "an attic", "a potato field", "a charity shop", "a garden shed", "a river bed",
            "an old suitcase", "a cellar", "a church tower", "a piano", "a skip", "a barn",
            "a kitchen drawer",
        ),
    },
)  # fmt: skip

RESCUE: Final = Story(
    kind="rescue",
    openings=(
        "Blankets and hot soup were waiting when they finally reached dry land.",
        "All of them are expected to make a full recovery.",
        "The alarm was raised by a child with a pair of binoculars.",
    ),
    facts=(
        (
            "On board had been {few} {people}.",
            "The group was made up of {few} {people}.",
            "Those brought to safety were {few} {people}.",
        ),
        (
            "They had set out in {craft}.",
            "Their journey was made in {craft}.",
            "It was in {craft} that they were travelling.",
        ),
        ("{mishap}",),
        (
            "It happened a few miles off {town}.",
            "By then they had drifted to a point near {town}.",
            "The position given was close to the beach at {town}.",
        ),
    ),
    colour=(
        "A lifeboat from {town_b} was on the scene within {num_b} minutes.",
        "Coastguard {who_b} said that the water was bitterly cold.",
        "In {month_b} {few_b} {people_b} were picked up near {town_c} after a false alarm.",
        "A helicopter from {town_d} circled overhead until {hour_b}.",
        '"We thought of our families," said one of them, {who_c}.',
        "{who_d}, {role_d} who watched from the pier, took pictures.",
        "An inquiry will be led by {who_e}.",
        "The wind had been getting stronger since {hour_c}.",
    ),
    summary="{few} {people} have been rescued off {town} after their {vessel} {fault}.",
    words={
        "people": (
            "anglers", "birdwatchers", "cadets", "divers", "fishermen", "holidaymakers", "sailors",
            "schoolboys", "scouts", "students", "swimmers", "tourists",
        ),
    },
    outcomes=tuple(
        {"craft": craft, "vessel": vessel, "mishap": mishap, "fault": fault}
        for craft, vessel in (
            ("a small sailing boat", "yacht"), ("a boat moved by paddles", "canoe"),
            ("a trawler", "trawler"), ("an inflatable boat", "dinghy"),
        )
        for mishap, fault in (
            ("A big wave tipped it over without warning.", "capsized"),
            ("Water came in through a crack until it went down.", "sank"),
            ("Smoke and then flames came from below.", "caught fire"),
            ("It ran onto rocks and stuck there.", "hit rocks"),
            ("The motor failed and would not start again.", "broke down"),
        )
    ),
)  # fmt: skip

WILDLIFE: Final = Story(
    kind="wildlife",
    openings=(
        "At first it was taken for a trick of the light.",
        "Nature lovers have been arriving with cameras since {day}.",
        "A blurred photograph has caused great excitement.",
    ),
    facts=(
        (
            "The picture shows a {animal}.",
            "Experts are now certain that it was a {animal}.",
            "The visitor has been identified as a {animal}.",
        ),
        (
            "It was taken near {town} at about {hour}.",
            "The place is a quiet valley near {town}.",
            "The sighting was made on farmland near {town}.",
        ),
        (
            "None had been recorded there for {num} years.",
            "The species had been absent for {num} years.",
            "It had been missing from the region for {num} years.",
        ),
        (
            "The return is thanks to {help}.",
            "Conservationists give the credit to {help}.",
            "What made it possible was {help}.",
        ),
    ),
    colour=(
        "In {town_b} a {animal_b} turned up in a garden {few_b} years ago.",
        "{who_b}, {role_b} who took it, hopes to see more.",
        "Ranger {who_c} asked people to keep their dogs on a lead.",
        "A trust in {town_c} has spent {money_b} on {help_b}.",
        "Some {num_b} volunteers count birds there every {month_b}.",
        '"It is a wonderful moment," said biologist {who_d}.',
        "A hide will be opened for visitors in {month_c}.",
        "Farmer {who_e} of {town_d} was less pleased.",
    ),
    summary="A {animal} has been seen near {town} for the first time in {num} years thanks to "
    "{help}.",
    words={
        "animal": (
            "beaver", "black grouse", "crane", "golden eagle", "kingfisher", "lynx", "marten",
            "nightingale", "pelican", "pine beetle", "polecat", "red squirrel", "salmon", "stork",
            "swallowtail butterfly", "wild boar", "wildcat", "wolf",
        ),
        "help": (
            "cleaner rivers", "a ban on hunting", "new woodland", "milder winters",
            "fewer pesticides", "the planting of hedges", "a breeding programme", "restored wetland",
            "careful farming", "the removal of a dam", "longer grass", "dark skies",
        ),
    },
)  # fmt: skip

WIDE_STORIES: Final = (FOOTBALL, COMPANY, SCIENCE, AUCTION, RESCUE, WILDLIFE)

__all__ = ["WIDE_STORIES"]
