"""Exports as other systems write them, made up here: names, figures and texts are nobody's."""

from __future__ import annotations

CYCLOS = (
    "\ufeffTransaction number;Date;From;To;Payment type;Description;Amount\r\n"
    "MIL-000001;25/03/2021 09:12;Baker Jo - jo;Amal K. - amal;Trade;Bread, 3 loaves;12,50 SUN\r\n"
    'MIL-000002;26/03/2021 18:40;Amal K. - amal;Zoë Ö. - zoe;Trade;"Bike repair; new ""chain""";1.020,00 SUN\r\n'
    "MIL-000003;02/04/2021 07:00;Community account;Baker Jo - jo;Welcome gift;=1+1;5,25 SUN\r\n"
)  # fmt: skip
CYCLOS_MAP = "id=Transaction number,date=Date,from=From,to=To,memo=Description,amount=Amount"

# Seconds; UTC time stamps.
TIMEOVERFLOW = (
    "created_at,transfer_id,from,to,service,amount,reason\n"
    "2022-10-29 22:30:00 UTC,501,12 - Rosa Prat,7 - Quim Serra,Childcare,5400,Saturday evening\n"
    "2022-11-03 10:00:00 UTC,502,7 - Quim Serra,31 - Centre,Computers,1800,\n"
)
TIMEOVERFLOW_MAP = "date=created_at,id=transfer_id,from=from,to=to,amount=amount,memo=reason"

# ISO with milliseconds, UUIDs, account codes, a state of no interest to us, tabs.
KOMUNITIN = (
    "id\tcreated\tpayer\tpayee\tamount\tmeta\tstate\n"
    "3f0c2a58-0000-4000-8000-000000000001\t2023-05-01T08:00:00.000Z\tGRP00001\tGRP00002\t3.00\tSeedlings\tcommitted\n"
    "3f0c2a58-0000-4000-8000-000000000002\t2023-05-02T08:00:00.125Z\tGRP00002\tGRP00003\t0.50\tEggs\tcommitted\n"
    "3f0c2a58-0000-4000-8000-000000000003\t2023-05-02T08:00:00.125Z\tGRP00002\tGRP00001\t1.25\tEggs\tcommitted\n"
)
KOMUNITIN_MAP = "id=id,date=created,from=payer,to=payee,amount=amount,memo=meta"

# A spreadsheet kept by hand: a title, Windows signs, points in dates, two rows that are the same, hours on the clock.
SPREADSHEET = (
    "Tauschring Mühlbach – Buchungen 2019;;;\r\n;;;\r\nWann;Von;An;Stunden\r\n"
    "3.4.2019;Jörg;Frau Öztürk;1:30\r\n3.4.2019;Jörg;Frau Öztürk;1:30\r\n28.4.2019;Frau Öztürk;Jörg;0:45\r\n"
).encode("cp1252")
SPREADSHEET_MAP = {"date": "Wann", "from": "Von", "to": "An", "amount": "Stunden"}

PLAIN = (
    "date,from,to,amount,memo\n"
    "2020-01-05,ann,bob,10.00,firewood\n"
    "2020-01-05,ann,bob,10.00,firewood\n"
    "2020-02-01,bob,cleo,2.50,\n"
)
PLAIN_MAP = "date=date,from=from,to=to,amount=amount,memo=memo"
