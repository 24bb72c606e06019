-- First orders of users against later ones, day by day: new and returning customers.
--   psql DATABASE -v from=2026-01-01 -v to=2026-02-01 -f new_and_returning.sql
WITH numbered AS (
  SELECT date, value_micros,
         row_number() OVER (PARTITION BY user_id ORDER BY event_time, conversion_id COLLATE "C") AS number
  FROM fact_conversions
  WHERE date < :'to'::date
)
SELECT date, CASE WHEN number = 1 THEN 'new' ELSE 'returning' END AS users,
       count(*) AS conversions, round(sum(value_micros) / 1000000, 6) AS value
FROM numbered
WHERE date >= :'from'::date
GROUP BY 1, 2
ORDER BY 1, 2;
