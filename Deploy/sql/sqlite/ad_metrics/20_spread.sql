-- How ads differ: the median ad, the top tenth and the top hundredth by impressions.
--   sqlite3 FILE ".param set :from '''2026-01-01T00:00:00Z'''" ".param set :to '''2026-02-01T00:00:00Z'''" ".read 20_spread.sql"
WITH sums AS (
  SELECT ad_id, sum(total_impressions) AS impressions, sum(total_clicks) AS clicks
  FROM ad_metrics
  WHERE hour >= :from AND hour < :to
  GROUP BY ad_id
), ranked AS (
  SELECT impressions, clicks, cume_dist() OVER (ORDER BY impressions) AS by_impressions,
         cume_dist() OVER (ORDER BY clicks) AS by_clicks
  FROM sums
)
SELECT count(*) AS ads,
       min(impressions) FILTER (WHERE by_impressions >= 0.5) AS median_impressions,
       min(impressions) FILTER (WHERE by_impressions >= 0.9) AS tenth_impressions,
       min(impressions) FILTER (WHERE by_impressions >= 0.99) AS hundredth_impressions,
       min(clicks) FILTER (WHERE by_clicks >= 0.5) AS median_clicks,
       min(clicks) FILTER (WHERE by_clicks >= 0.9) AS tenth_clicks,
       min(clicks) FILTER (WHERE by_clicks >= 0.99) AS hundredth_clicks
FROM ranked;
