# Expected values of tests/oracles/test_mixed_model.py.
# Run from the project's root:  Rscript tests/oracles/r/mixed_model.R
# It writes tests/oracles/r/mixed_model.json. Rows: clinic.csv, split as its README says.
suppressPackageStartupMessages({library(lme4); library(nlme); library(jsonlite)})
options(digits = 15)
tight <- lmerControl(optimizer = "bobyqa", calc.derivs = FALSE,
                     optCtrl = list(rhobeg = .02, rhoend = 1e-11, maxfun = 1e5))
d <- read.csv("tests/oracles/clinic/clinic.csv")
d <- d[order(d$client, d$session), ]
d$th1 <- ave(d$therapist, d$client, FUN = function(x) x[1])
d$srs_lag1 <- ave(d$srs, d$client, FUN = function(x) c(NA, head(x, -1)))
m <- d[complete.cases(d[c("ors", "srs_lag1", "base")]), ]
for (v in c("srs_lag1", "session")) {
  m[[paste0(v, "_between")]] <- ave(m[[v]], m$client)
  m[[paste0(v, "_within")]] <- m[[v]] - m[[paste0(v, "_between")]]
}
small <- m[m$th1 <= 6, ]

say <- function(fit, df = NULL) {
  v <- as.data.frame(VarCorr(fit))
  s <- coef(summary(fit))
  list(formula = paste(deparse(formula(fit), width.cutoff = 200), collapse = ""), rows = nobs(fit),
       loglik = as.numeric(logLik(fit)),
       estimate = setNames(as.list(s[, 1]), rownames(s)),
       se = setNames(as.list(s[, 2]), rownames(s)),
       variances = data.frame(group = v$grp, term = ifelse(is.na(v$var1), "", v$var1),
                              variance = v$vcov), df = df)
}
containment <- function(formula, random, data)
  as.list(lme(formula, random = random, data = data, method = "REML",
              control = lmeControl(opt = "optim", maxIter = 200, msMaxIter = 400))$fixDF$X)

hybrid <- ors ~ session + srs_lag1_within + srs_lag1_between + base
split <- ors ~ session_within + session_between + srs_lag1_within + srs_lag1_between + base
slope <- lmer(update(hybrid, . ~ . + (1 + session || client) + (1 | th1)), m, control = tight)
slope_ml <- lmer(update(hybrid, . ~ . + (1 + session || client) + (1 | th1)), m, REML = FALSE,
                 control = tight)
null <- lmer(ors ~ 1 + (1 | client) + (1 | th1), d[!is.na(d$ors), ], control = tight)
alone <- lmer(update(split, . ~ . + (1 | client)), m, control = tight)
six <- lmer(update(hybrid, . ~ . + (1 | client) + (1 | th1)), small, control = tight)

# Two therapists' worth of fixed effects at each level, so that every stratum loses something.
m$th_mean <- ave(m$base, m$th1)
levels_df <- containment(update(hybrid, . ~ . + th_mean), list(th1 = ~ 1, client = ~ 1), m)

# Beat the Blues (Debian r-cran-hsaur3): times as coded there, 2, 3, 5 and 8 months.
b <- read.csv("data/beat-the-blues/beat_the_blues.csv")
long <- reshape(b, direction = "long", varying = c("bdi.2m", "bdi.3m", "bdi.5m", "bdi.8m"),
                v.names = "bdi", times = c(2, 3, 5, 8), idvar = "subject")
long$treatment <- factor(long$treatment, levels = c("TAU", "BtheB"))
long$length <- factor(long$length, levels = c("<6m", ">6m"))
blues <- lmer(bdi ~ bdi.pre + time + treatment + drug + length + (1 | subject),
              long[!is.na(long$bdi), ], REML = FALSE, control = tight)

out <- list(
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
                  nlme = as.character(packageVersion("nlme"))),
  slope_reml = say(slope, containment(hybrid, list(th1 = ~ 1, client = pdDiag(~ session)), m)),
  slope_ml = say(slope_ml),
  null = say(null, containment(ors ~ 1, list(th1 = ~ 1, client = ~ 1), d[!is.na(d$ors), ])),
  split = say(alone, containment(split, list(client = ~ 1), m)),
  six_therapists = say(six, containment(hybrid, list(th1 = ~ 1, client = ~ 1), small)),
  no_intercept_df = containment(ors ~ 0 + session + base, list(th1 = ~ 1, client = ~ 1), m),
  levels_df = levels_df,
  blues = say(blues, containment(bdi ~ bdi.pre + time + treatment + drug + length,
                                 list(subject = ~ 1), long[!is.na(long$bdi), ])))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE, na = "null"),
      "tests/oracles/r/mixed_model.json")
