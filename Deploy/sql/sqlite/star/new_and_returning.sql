-- First orders of users against later ones, day by day: new and returning customers.
--   sqlite3 FILE ".param set :from '''2026-01-01'''" ".param set :to '''2026-02-01'''" ".read new_and_returning.sql"
WITH numbered AS (
  SELECT date, value_micros,
         row_number() OVER (PARTITION BY user_id ORDER BY event_time, conversion_id) AS number
  FROM fact_conversions
  WHERE date < :to
)
SELECT date, CASE WHEN number = 1 THEN 'new' ELSE 'returning' END AS users,
       count(*) AS conversions,
       printf('%d.%06d', sum(value_micros) / 1000000, sum(value_micros) % 1000000) AS value
FROM numbered
WHERE date >= :from
GROUP BY 1, 2
ORDER BY 1, 2;
