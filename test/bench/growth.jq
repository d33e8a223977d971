# The points of the chart: what gnuplot reads (--arg axis links), or a table of Markdown with, for each
# series, by how much a doubling multiplied its cost where that was most.
def series: map(select(.series)) | group_by([.axis, .series]) | map(sort_by(.count));
def steepest: [range(1; length) as $i | .[$i - 1] as $a | .[$i] as $b |
	(($b.cost / $a.cost | log) / ($b.count / $a.count | log) * (2 | log) | exp)] | max // 1;
def short: if . >= 10 then . * 10 | round / 10 else . * 100 | round / 100 end | tostring;
def time: if . >= 1e6 then (. / 1e6 | short) + " s" elif . >= 1e3 then (. / 1e3 | short) + " ms"
	else (. | short) + " µs" end;

if $axis != "" then
	[series[] | select(.[0].axis == $axis) |
		["\"\(.[0].series)\"", (.[] | "\(.count) \(.cost)")] | join("\n")] | join("\n\n\n")
else
	["cost", "of so many", "at the least", "at the most", "a doubling multiplies it at most by"],
	[range(5) | "---"],
	(series[] | [.[0].series, "\(.[0].count)–\(.[-1].count) \(.[0].axis)", (.[0].cost | time),
		(.[-1].cost | time), (steepest | short)])
	| @tsv
end
