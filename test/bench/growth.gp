# How costs grow, as SVG: gnuplot -e "folder='DIR'; chart='FILE'" growth.gp
# DIR has links.dat and volumes.dat: a block per series, its name above its points (count, µs).
set encoding utf8
set terminal svg size 1000,520 dynamic font "sans-serif,13" background "white"
set output chart
set multiplot layout 1,2
set logscale xy
set format x "10^{%T}"
set format y "%.0s %cs"
set key below maxrows 4 samplen 2
set grid lw 0.5 lc rgb "#d0d0d0"
set yrange [1e-6:100]
do for [axis in "links volumes"] {
	data = sprintf("%s/%s.dat", folder, axis)
	stats data using 1 nooutput
	set xlabel sprintf("%s in the tree", axis)
	set xrange [(axis eq "links" ? 10 : 1):(axis eq "links" ? 1e6 : 1e4)]
	plot for [i=0:STATS_blocks-1] data index i using 1:($2*1e-6) with linespoints lw 2 pt 7 ps 0.5 \
		title columnheader(1), \
		x * (axis eq "links" ? 1e-5 : 1e-3) with lines dt 2 lc rgb "#808080" title "twice as many, twice the cost"
}
unset multiplot
