-- How long conversions took from the first touch that earned credit, and what they were worth.
--   psql DATABASE -v from=2026-01-01 -v to=2026-02-01 -f time_to_convert.sql
WITH journeys AS (
  SELECT conversion_id, min(event_time) - min(touch_time) AS took, count(touch_id) AS touches
  FROM fact_credits
  WHERE date >= :'from'::date AND date < :'to'::date
    AND model = (SELECT min(model) FROM fact_credits)
  GROUP BY conversion_id
)
SELECT CASE WHEN took IS NULL THEN '(unattributed)'
            WHEN took < INTERVAL '1 minute' THEN '1 below a minute'
            WHEN took < INTERVAL '10 minutes' THEN '2 below 10 minutes'
            WHEN took < INTERVAL '1 hour' THEN '3 below an hour'
            WHEN took < INTERVAL '1 day' THEN '4 below a day'
            WHEN took < INTERVAL '7 days' THEN '5 below a week'
            ELSE '6 a week and more' END AS took,
       count(*) AS conversions, round(avg(touches), 3) AS touches,
       round(sum(value_micros) / 1000000, 6) AS value
FROM journeys JOIN fact_conversions USING (conversion_id)
GROUP BY 1
ORDER BY 1;
