"""The pages that Django brings: the admin, and the reset of a forgotten password."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("", include("django.contrib.auth.urls"))]
