-- How long conversions took from the first touch that earned credit, and what they were worth.
--   sqlite3 FILE ".param set :from '''2026-01-01'''" ".param set :to '''2026-02-01'''" ".read time_to_convert.sql"
WITH journeys AS (
  SELECT conversion_id,
         (julianday(min(event_time)) - julianday(min(touch_time))) * 1440 AS took,
         count(touch_id) AS touches
  FROM fact_credits
  WHERE date >= :from AND date < :to
    AND model = (SELECT min(model) FROM fact_credits)
  GROUP BY conversion_id
)
SELECT CASE WHEN took IS NULL THEN '(unattributed)'
            WHEN took < 1 THEN '1 below a minute'
            WHEN took < 10 THEN '2 below 10 minutes'
            WHEN took < 60 THEN '3 below an hour'
            WHEN took < 1440 THEN '4 below a day'
            WHEN took < 7 * 1440 THEN '5 below a week'
            ELSE '6 a week and more' END AS took,
       count(*) AS conversions, round(avg(touches), 3) AS touches,
       printf('%d.%06d', sum(value_micros) / 1000000, sum(value_micros) % 1000000) AS value
FROM journeys JOIN fact_conversions USING (conversion_id)
GROUP BY 1
ORDER BY 1;
