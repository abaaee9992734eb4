-- table: bids
-- One row a bidder in a case (subcontractors left out). ``price`` is the bid as handed in, before any reduction.
SELECT
    cid,
    fid,
    is_winner,
    coalesce(original_bid, bid_amount) AS price,
    award_amount,
    is_disqualified,
    founded_date
FROM bid
WHERE is_subcontractor IS NOT TRUE
