-- table: fields
-- One row a case with known bidders: how many, how many with a price, how many won, how many were not qualified.
SELECT
    cid,
    count(*)::INTEGER AS n_bids,
    count(price)::INTEGER AS n_prices,
    count(*) FILTER (WHERE is_winner)::INTEGER AS n_winner_rows,
    count(*) FILTER (WHERE NOT is_winner)::INTEGER AS n_losers,
    count(is_disqualified)::INTEGER AS n_checked,
    count(*) FILTER (WHERE is_disqualified)::INTEGER AS n_disqualified
FROM bids
GROUP BY cid
