# The figures as a table of Markdown: cells between tabs, the outer bars are added by bench.sh.
def short: if . == null then "?" elif . >= 100 then round elif . >= 10 then . * 10 | round / 10
	elif . >= 0.1 then . * 100 | round / 100 else . * 1000 | round / 1000 end | tostring;
def time: if . >= 1e6 then (. / 1e6 | short) + " s" elif . >= 1e3 then (. / 1e3 | short) + " ms"
	else (. | short) + " µs" end;
def cost($unit): if $unit == "µs" then time else [short, $unit] | map(select(. != "")) | join(" ") end;
def reaches($bound): if .is_more_better then .value >= $bound else .value <= $bound end;
def verdict: if reaches(.dream) then "dream" elif reaches(.must) then "yes" else "no" end;
def row: if .peer then
		[.what, .peer, "\(.value | short)×", "\(.low | short)–\(.high | short)",
			"\(.must | short)×", "\(.dream | short)×", verdict,
			(.unit as $unit | .own_cost, .peer_cost | cost($unit))]
	else
		(.unit as $unit | [.what, "–", (.value | cost($unit)), "", (.must | cost($unit)),
			(.dream | cost($unit)), verdict, "", ""])
	end;

["figure", "against", "ratio", "from–to", "must", "dream", "reached", "mmfs", "peer"],
[range(9) | "---"],
(.[] | select(.figure) | row)
| @tsv
