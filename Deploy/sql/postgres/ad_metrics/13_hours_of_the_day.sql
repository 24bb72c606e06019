-- How impressions and clicks spread over the hours of the day.
--   psql DATABASE -v from=2026-01-01T00:00:00Z -v to=2026-02-01T00:00:00Z -v zone=Europe/Berlin -f 13_hours_of_the_day.sql
WITH hours AS (
  SELECT hour, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks,
         sum(total_sessions) AS sessions
  FROM ad_metrics
  WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
  GROUP BY hour
)
SELECT extract(hour FROM hour AT TIME ZONE :'zone')::integer AS hour_of_day,
       sum(impressions) AS impressions, sum(clicks) AS clicks
FROM hours
GROUP BY 1
ORDER BY 1;
