-- table: one_sided
-- Pairs in which the same firm wins: winner, loser, meetings, and the exact hypergeometric tail of the winner's wins in the
-- meetings given its wins in all its contests; q over both directions of all pairs.
WITH both_ways AS (
    SELECT
        kind_code,
        one AS winner,
        two AS loser,
        meetings,
        one_won AS won,
        two_won AS lost,
        hypergeom_sf(one_won::DOUBLE, one_n::DOUBLE, one_wins::DOUBLE, meetings::DOUBLE) AS p
    FROM pairs
    UNION ALL
    SELECT
        kind_code,
        two AS winner,
        one AS loser,
        meetings,
        two_won AS won,
        one_won AS lost,
        hypergeom_sf(two_won::DOUBLE, two_n::DOUBLE, two_wins::DOUBLE, meetings::DOUBLE) AS p
    FROM pairs
)

SELECT * FROM bh('both_ways')
