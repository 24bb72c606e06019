-- One day by channel, as `tributary report --by channel --model linear` has it.
--   sqlite3 FILE ".param set :view channel_5m" ".param set :start '''2026-01-04T23:00:00Z'''" \
--     ".param set :end '''2026-01-05T23:00:00Z'''" ".read daily_channels.sql"
-- Times are UTC: SQLite knows no time zones. For another model, replace `linear` in the column names.
-- A ratio with nothing to divide by is null. Whole numbers only, so that no digit is lost: a ratio n / d
-- in millionths is the whole part, and the rest rounded half up.
WITH sums AS (
  SELECT channel, sum(impressions) AS impressions, sum(clicks) AS clicks,
         sum(spend_micros) AS spend, sum(conversions_linear_micros) AS conversions,
         sum(revenue_linear_micros) AS revenue, min(final) AS final
  FROM rollups
  WHERE view = :view AND window_start >= :start AND window_start < :end
  GROUP BY channel
),
micros AS (
  SELECT channel, impressions, clicks, spend, conversions, revenue, final,
         clicks / impressions * 1000000
           + (clicks % impressions * 2000000 + impressions) / (impressions * 2) AS ctr,
         (spend * 2 + clicks) / (clicks * 2) AS cpc,
         (conversions * 2 + clicks) / (clicks * 2) AS conversion_rate,
         spend / conversions * 1000000
           + (spend % conversions * 2000000 + conversions) / (conversions * 2) AS cpa,
         revenue / spend * 1000000 + (revenue % spend * 2000000 + spend) / (spend * 2) AS roas
  FROM sums
)
SELECT channel, impressions, clicks,
       CASE WHEN ctr NOT NULL THEN printf('%d.%06d', ctr / 1000000, ctr % 1000000) END AS ctr,
       printf('%d.%06d', spend / 1000000, spend % 1000000) AS spend,
       CASE WHEN cpc NOT NULL THEN printf('%d.%06d', cpc / 1000000, cpc % 1000000) END AS cpc,
       printf('%d.%06d', conversions / 1000000, conversions % 1000000) AS conversions,
       CASE WHEN conversion_rate NOT NULL
         THEN printf('%d.%06d', conversion_rate / 1000000, conversion_rate % 1000000)
       END AS conversion_rate,
       CASE WHEN cpa NOT NULL THEN printf('%d.%06d', cpa / 1000000, cpa % 1000000) END AS cpa,
       printf('%d.%06d', revenue / 1000000, revenue % 1000000) AS revenue,
       CASE WHEN roas NOT NULL THEN printf('%d.%06d', roas / 1000000, roas % 1000000) END AS roas,
       final
FROM micros
ORDER BY channel = '(unattributed)', channel;
