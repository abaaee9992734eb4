-- Rows of two tables that speak of one road: the same road of the same district, and sections that do not differ.
-- In:  left_road, right_road (row, road, section; probity.matching.roads.split_keys).
-- Out: left_row, right_row.

SELECT DISTINCT
    l.row AS left_row,
    r.row AS right_row
FROM left_road AS l
INNER JOIN right_road AS r ON l.road = r.road
WHERE l.section = r.section OR l.section IS NULL OR r.section IS NULL
