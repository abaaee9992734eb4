-- table: ban_cover
-- The days for which the debarment feed tells everything. It holds only current bans, and a ban lasts three months or
-- more (採購法 §103): from three months before the first snapshot to three months after the last one, a ban in force on
-- that day was on some snapshot.
SELECT
    min(first_listed) - 91 AS since,
    max(last_listed) + 91 AS until
FROM debarment
