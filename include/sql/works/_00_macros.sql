-- macros
-- Small words that the works signals share. Each says what it is.

-- Does the title of a road project speak of its surface? Yes when it names one; else unless it names something beside
-- the carriageway (lamps, gutters, markings, trees): a bare 道路改善工程 surfaces its road.
CREATE MACRO paves(title) AS
regexp_matches(title, '鋪|舖|路面|刨|銑|瀝青|柏油|平整|封層|罩面|重修|再生')
OR NOT regexp_matches(title, '路燈|照明|排水|側溝|水溝|標線|號誌|標誌|植栽|行道樹|綠美化|人行道|護欄|箱涵|擋土|邊坡|清掃|割草|橋梁|監視');

-- How sure a match by place is, in words; the distance is NULL when a place is unknown.
CREATE MACRO place_words(distance_m) AS
CASE WHEN distance_m IS NULL THEN '同行政區同路名，位置未核對' ELSE '相距約' || round(distance_m)::BIGINT || '公尺' END;
