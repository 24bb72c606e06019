-- One day by channel, as `tributary report --by channel --model linear` has it.
--   psql DATABASE -v view=channel_5m -v day=2026-01-05 -v zone=Europe/Berlin -f daily_channels.sql
-- For another model, replace `linear` in the column names. A ratio with nothing to divide by is null.
WITH sums AS (
  SELECT channel, sum(impressions) AS impressions, sum(clicks) AS clicks,
         sum(spend_micros) AS spend, sum(conversions_linear_micros) AS conversions,
         sum(revenue_linear_micros) AS revenue, bool_and(final) AS final
  FROM rollups
  WHERE view = :'view'
    AND window_start >= (:'day'::date)::timestamp AT TIME ZONE :'zone'
    AND window_start < (:'day'::date + 1)::timestamp AT TIME ZONE :'zone'
  GROUP BY channel
)
SELECT channel, impressions, clicks,
       round(clicks / nullif(impressions, 0), 6) AS ctr,
       round(spend / 1000000, 6) AS spend,
       round(spend / nullif(clicks, 0) / 1000000, 6) AS cpc,
       round(conversions / 1000000, 6) AS conversions,
       round(conversions / nullif(clicks, 0) / 1000000, 6) AS conversion_rate,
       round(spend / nullif(conversions, 0), 6) AS cpa,
       round(revenue / 1000000, 6) AS revenue,
       round(revenue / nullif(spend, 0), 6) AS roas,
       final
FROM sums
ORDER BY channel = '(unattributed)', channel COLLATE "C";
