-- table: parts
-- One row a contractor of a project: its part of the contract (認定辦法 §10: by the share in the joint agreement). One
-- contractor has the whole; when a joint contract's shares are not stated, ``part`` is the equal one, not ``is_known``.
SELECT
    cid,
    fid,
    share IS NOT NULL OR n_firms = 1 AS is_known,
    coalesce(share, 1.0 / n_firms) AS part
FROM project_firm
